"""What a student's side may say of itself, and must not be believed: data for ``test_attacks.py``.

Each attack is a cell in front of a wrong function, or a wrong function, of one exercise; ``fraction`` is what it
honestly earns of each part.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Word:
    """An attack on one exercise.

    Args:
        exercise: whose source is replaced.
        source: the replacement.
        cell: runs in front of it.
        honest: the fraction of each part of its points.
        says: what the feedback must say.
    """

    exercise: str
    source: str
    honest: dict[str, float]
    cell: str = ""
    says: str = ""
    lost: tuple[str, ...] = field(default=())


# ------------------------------------------------------------------------------- an argument changed, and what denies it

IN_PLACE = "def sigmoid_forward(x):\n    x[...] = 1 / (1 + np.exp(-x))\n    return x.copy(), x.copy()\n"
HEADS = {
    "nothing": "",
    "observe of the module": "import autograder.observing as o\no._state = lambda *a: None\no._content = lambda *a: 0",
    "plain of the module": (
        "import autograder.plain as p, autograder.observing as o\no.leaves = p.leaves = lambda *a, **k: iter(())"
    ),
    "outcome without sides": (
        "import autograder.observing as o\n"
        "o.Outcome.__init__ = lambda s, value=None, error=None, *a, **k: object.__setattr__(s, 'value', value)"
    ),
    "names of NumPy": (
        "np.may_share_memory = lambda *a: False\nnp.array_equal = lambda *a, **k: True\n"
        "import numpy.random\nstate = np.random.get_state()\nnp.random.get_state = lambda *a: state"
    ),
    "builtins": (
        "import builtins\nkind = builtins.isinstance\n"
        "builtins.isinstance = lambda v, t: False if type(v).__name__ == 'ndarray' and t is np.ndarray else kind(v, t)"
    ),
    "frames": (
        "import sys\n"
        "def quiet():\n"
        "    frame = sys._getframe()\n"
        "    while frame is not None:\n"
        "        for name in ('_state', '_content', '_overlaps', 'leaves'):\n"
        "            if name in frame.f_globals: frame.f_globals[name] = lambda *a, **k: None\n"
        "        frame = frame.f_back\n"
    ),
    "listed objects": (
        "import gc\n"
        "def quiet():\n"
        "    for found in gc.get_objects():\n"
        "        if type(found) is dict and '_overlaps' in found and '_state' in found:\n"
        "            found['_state'] = found['_overlaps'] = lambda *a: None\n"
    ),
    "a profile function": (
        "import sys\n"
        "def watch(frame, event, arg):\n"
        "    for name in ('_state', '_content', '_overlaps'):\n"
        "        if name in frame.f_globals: frame.f_globals[name] = lambda *a, **k: None\n"
        "def quiet(): sys.setprofile(watch)\n"
    ),
}


def quietened(source: str, cell: str) -> str:
    """The function calls what the cell has prepared, where it has."""
    return source.replace("):\n", "):\n    quiet()\n", 1) if "def quiet" in cell else source


MODIFIED = {
    f"in place, {name}": Word("sigmoid_forward", quietened(IN_PLACE, cell), {"all": 0.0}, cell)
    for name, cell in HEADS.items()
}

SHARED = "def threshold_relu(x, t):\n    return x if np.min(x) >= np.max(t) else np.maximum(x, np.asarray(t, x.dtype))\n"
SHARING = {
    f"shared memory, {name}": Word("threshold_relu", quietened(SHARED, cell), {"all": 5 / 7}, cell)
    for name, cell in HEADS.items()
    if name in ("nothing", "names of NumPy", "observe of the module", "frames")
}
