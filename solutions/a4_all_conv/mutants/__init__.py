"""Known-wrong implementations of every exercise of a4; see ``solutions/bank.py``."""

from solutions.a4_all_conv.mutants import architecture, probe
from solutions.shared import plot_curves

BANKS = (architecture.BANK, probe.BANK, plot_curves.BANK)
