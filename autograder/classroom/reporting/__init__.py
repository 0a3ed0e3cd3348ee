"""What a lecturer learns from a graded class: one page for each assignment, and one for the course."""
