"""Known-wrong implementations of a5: one misconception each, with the sentence that its author needs to read.

Ids without an x are those of the course's catalogue.
"""

from solutions.a5_twenty_more_layers.mutants import counts, deep, fractal, residual
from solutions.shared import plot_curves

BANKS = (residual.BANK, counts.BANK, fractal.BANK, deep.BANK, plot_curves.BANK)
