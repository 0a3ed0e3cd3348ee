"""What a submission cannot know of the machine that it is graded on: the seeds of a calibration take these in turn.

oneDNN, threads and the processor's instructions change the order in which float32 sums are made. All of them are read
from the environment before TensorFlow and NumPy are imported, so that each needs a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}


@dataclass(frozen=True)
class Surroundings:
    """One kind of machine.

    Args:
        environment: variables that differ from the grader's own.
        draws: how many numbers every generator of the process has given away before the student's code runs.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    draws: int = 0

    @property
    def variables(self) -> dict[str, str]:
        """All variables of the environment that matter here."""
        return {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", **ONE_THREAD, **self.environment}


ALL = (
    Surroundings("as the grader"),
    Surroundings("after other draws", draws=1000),
    Surroundings("without oneDNN", {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    Surroundings("two threads", {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2"}),
    # Sums in other orders: the kernels that oneDNN and NumPy take on a processor of 2009, without AVX.
    Surroundings("old processor", {"ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"}),
)


def of_seed(seed: int) -> Surroundings:
    """The surroundings of a seed."""
    return ALL[seed % len(ALL)]
