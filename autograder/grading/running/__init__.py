"""A grading from its beginning to its end: alone, written down as it goes, and taken up again where it was killed."""
