"""Every table and figure of the two homeworks, from the reference solutions, with the controls that they lacked."""
