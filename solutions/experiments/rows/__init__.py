"""One module for each row of the two reports; in the order of their names they make the report."""
