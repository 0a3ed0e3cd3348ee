"""The machine: it loads a course's content by folder and never names it."""
