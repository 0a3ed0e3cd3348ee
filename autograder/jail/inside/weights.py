"""The weights of a lent network, read where they lie, by nothing that a student's code can replace.

What Keras says of a variable goes through a dozen functions of Python, and each may be exchanged while a student's
function runs. Here TensorFlow's own handles are taken before that, and read by functions written in C.
"""

from __future__ import annotations

from typing import Any

from tensorflow.python.eager.context import context
from tensorflow.python.framework.ops import EagerTensor
from tensorflow.python.pywrap_tfe import TFE_Py_FastPathExecute as execute

_content = EagerTensor._numpy_internal


class Weights:
    """The handles of a model's weights; taken before a student's code has seen the model."""

    def __init__(self, model: Any) -> None:
        self._context = context()
        self._handles = [(variable.value.handle, variable.value.dtype) for variable in model.variables]

    def values(self) -> list[bytes]:
        """What the weights are now, to the last bit."""
        return [
            _content(execute(self._context, "ReadVariableOp", None, handle, "dtype", dtype)).tobytes()
            for handle, dtype in self._handles
        ]
