"""Known-wrong implementations of a6: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a6_adversarial.mutants import input_gradients, penalties, steps, targeted, transfer, untargeted
from solutions.shared import plot_curves

BANKS = (
    input_gradients.BANK,
    steps.BANK,
    untargeted.BANK,
    penalties.BANK,
    targeted.BANK,
    transfer.BANK,
    plot_curves.BANK,
)
