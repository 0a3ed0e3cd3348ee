"""Known-wrong implementations of a5: one misconception each, with the sentence that its author needs to read.

Every module here is found by its ``BANK``.
"""
