"""Known-wrong implementations of a1: one misconception each, with the sentence that its author needs to read.

Every module here is found by its ``BANK``.
"""
