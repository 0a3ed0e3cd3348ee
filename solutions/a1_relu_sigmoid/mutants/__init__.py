"""Known-wrong implementations of a1: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a1_relu_sigmoid.mutants import affine, folding_conv, folding_dense, sigmoid, threshold

BANKS = (threshold.BANK, folding_dense.BANK, folding_conv.BANK, sigmoid.BANK, affine.BANK)
