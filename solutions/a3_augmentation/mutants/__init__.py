"""Known-wrong implementations of every exercise of a3; see ``solutions/bank.py``."""

from solutions import plot_curves
from solutions.a3_augmentation.mutants import crop, flip, network, normalisation, pipeline

BANKS = (normalisation.BANK, flip.BANK, crop.BANK, pipeline.BANK, network.BANK, plot_curves.BANK)
