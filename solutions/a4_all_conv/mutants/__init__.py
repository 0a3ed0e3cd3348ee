"""Known-wrong implementations of every exercise of a4; see ``solutions/bank.py``."""

from solutions import plot_curves
from solutions.a4_all_conv.mutants import architecture, probe

BANKS = (architecture.BANK, probe.BANK, plot_curves.BANK)
