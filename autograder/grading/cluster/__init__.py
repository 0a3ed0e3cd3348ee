"""Grading on other machines: a submission's judges work there, everything else stays where nbgrader runs."""
