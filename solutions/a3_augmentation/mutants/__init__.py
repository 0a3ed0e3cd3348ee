"""Known-wrong implementations of every exercise of a3; see ``solutions/bank.py``."""

from solutions import plot_curves
from solutions.a3_augmentation.mutants import crop, flip, network, normalisation, pipeline

MUTANTS = (
    *normalisation.BANK.mutants,
    *flip.BANK.mutants,
    *crop.BANK.mutants,
    *pipeline.BANK.mutants,
    *network.BANK.mutants,
    *plot_curves.MUTANTS,
)
