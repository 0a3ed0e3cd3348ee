"""From a submitted file to a verdict in nbgrader's gradebook."""
