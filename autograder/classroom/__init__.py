"""Runs nbgrader on a whole class, and shows what it wrote."""
