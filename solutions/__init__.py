"""Solutions, hidden checks, mutants, variants, model answers, bounds."""
