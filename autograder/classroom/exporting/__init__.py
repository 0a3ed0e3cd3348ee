"""Scores on their way out: into the file that a learning platform exported, and takes back."""
