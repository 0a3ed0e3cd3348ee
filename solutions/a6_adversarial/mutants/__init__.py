"""Known-wrong implementations of a6: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a6_adversarial.mutants import input_gradients, penalties, steps, targeted, transfer, untargeted
from solutions.plot_curves import MUTANTS as CURVES

OURS = (input_gradients, steps, untargeted, penalties, targeted, transfer)
MUTANTS = (*(m for module in OURS for m in module.BANK.mutants), *CURVES)
