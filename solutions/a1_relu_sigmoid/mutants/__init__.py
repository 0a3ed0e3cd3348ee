"""Known-wrong implementations of a1: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a1_relu_sigmoid.mutants import affine, folding_conv, folding_dense, sigmoid, threshold

MUTANTS = tuple(m for module in (threshold, folding_dense, folding_conv, sigmoid, affine) for m in module.BANK.mutants)
