"""Grade a class again after the course has changed: who would gain or lose, and by what."""
