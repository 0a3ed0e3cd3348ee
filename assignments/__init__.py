"""Notebooks, public cases with hints, design notes."""
