"""Guides for grading by hand: each question with its rubric, and what everybody wrote. No code is run."""
