"""Asks, compares and decides; never runs a student's code."""
