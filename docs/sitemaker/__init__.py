"""Makes the site: gathers its pages from the repository, plain Markdown, for Sphinx to write HTML."""
