"""Keras, imported without TensorFlow's greetings; ships to students as it is.

In a notebook TensorFlow also looks for graphics cards here, and says its first words about them to nobody: they would
stand below the first check of a model, in red.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext

from coursekit.kernel.cellwise import find_shell, is_live
from coursekit.kernel.quiet import no_greetings

with nullcontext() if "keras" in sys.modules else no_greetings():
    import keras

    if is_live(find_shell()) and keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.list_physical_devices()

__all__ = ["keras"]
