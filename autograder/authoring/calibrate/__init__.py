"""Measure accuracy items: who reaches what over many seeds, the bound that follows, and how often it errs."""
