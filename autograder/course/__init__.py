"""What a course is made of: course.yaml, notebooks, checks, mutants, variants."""
