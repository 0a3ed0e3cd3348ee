"""Known-wrong implementations of a2: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions import plot_curves
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

MUTANTS = (
    *plot_curves.MUTANTS,
    *(
        m
        for module in (evaluation, features, losses, loop, loop_order, mlp, convnet, dropout)
        for m in module.BANK.mutants
    ),
)
