"""Makes assignments and proves them: new, build, release, doctor."""
