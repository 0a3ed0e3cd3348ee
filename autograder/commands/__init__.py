"""The course command: one small module each."""
