"""Submissions that are alike: where a person should look, by winnowing; no code is run."""
