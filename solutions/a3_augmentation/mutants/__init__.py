"""Known-wrong implementations of every exercise of a3; see ``solutions/bank.py``."""

from solutions.a3_augmentation.mutants import crop, flip, network, normalisation, pipeline
from solutions.shared import plot_curves

BANKS = (normalisation.BANK, flip.BANK, crop.BANK, pipeline.BANK, network.BANK, plot_curves.BANK)
