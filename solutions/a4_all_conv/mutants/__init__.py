"""Known-wrong implementations of every exercise of a4; see ``solutions/bank.py``."""

from solutions import plot_curves
from solutions.a4_all_conv.mutants import architecture, probe

MUTANTS = (
    *architecture.BANK.mutants,
    *probe.BANK.mutants,
    *plot_curves.MUTANTS,
)
