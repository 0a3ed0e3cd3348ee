"""The grader itself, examined: it is weakened in many ways, and the bank has to notice each."""
