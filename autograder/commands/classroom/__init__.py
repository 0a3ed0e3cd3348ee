"""What is done with a class that has been graded."""
