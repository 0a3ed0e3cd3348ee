"""Questions about a student's own code, whose answers were found by running it: for Moodle and for oral exams."""
