"""The same grader in a container of somebody else's platform, and its verdicts in that platform's words."""

PLATFORMS = ("gradescope", "prairielearn", "vocareum")
