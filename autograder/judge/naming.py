"""Layers that are numbered from the beginning again, in each call of a known implementation.

TensorFlow prepares for a variable once for each name. A hundred networks whose layers are called conv2d to conv2d_34
cost a third less than a hundred whose numbers go on and on, and their memory is not kept for ever.

For our own processes only: within one network two layers may not share a name, and in a notebook nobody but the
student knows where a network begins.
"""

from __future__ import annotations

import sys


def number_layers_anew() -> None:
    """Let Keras's automatic names count from the beginning; nothing to do where Keras was never imported."""
    if "keras" in sys.modules:
        from keras.src.utils.naming import reset_uids  # noqa: PLC0415 - Keras has no public way that costs nothing

        reset_uids()
