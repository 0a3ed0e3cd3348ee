"""Known-wrong implementations of a6: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue. Every module here is found by its ``BANK``.
"""
