"""Known-wrong implementations of a2: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a2_first_networks.mutants import (
    convnet,
    dropout,
    evaluation,
    features,
    loop,
    loop_order,
    losses,
    mlp,
)
from solutions.shared import plot_curves

BANKS = (
    plot_curves.BANK,
    evaluation.BANK,
    features.BANK,
    losses.BANK,
    loop.BANK,
    loop_order.BANK,
    mlp.BANK,
    convnet.BANK,
    dropout.BANK,
)
