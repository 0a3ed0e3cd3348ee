"""Draw a Keras network as it was built: one box for each layer, one line for each connection; ships to students."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import keras
import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

COLUMN, LANE, WIDTH, LINE = 1.0, 1.25, 0.78, 0.15  # inches: from box to box, from lane to lane, a box, a line of text
# What follows a layer without a box of its own.
INSIDE = {
    "Activation": "",  # its own name
    "BatchNormalization": "BatchNorm",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Relu": "ReLU",
    "ReLU": "ReLU",
    "Reshape": "reshape",
}
COLOURS = {"conv": "#cfe3f3", "dense": "#f8dcc4", "pool": "#e4e4e4", "join": "#d2ecdd", "input": "white"}


@dataclass(eq=False)
class Box:
    """A layer in the picture. ``first`` and ``last`` are the earliest and the latest column where it may stand."""

    kind: str
    lines: list[str]
    shape: tuple[int | None, ...] = ()
    weights: int = 0
    sources: list[Box] = field(default_factory=list)
    first: int = 0
    last: int = 0
    lane: int = 0

    @property
    def place(self) -> tuple[float, float]:
        """The centre of the box in inches."""
        return COLUMN * (self.first + self.last) / 2, LANE * self.lane


def draw_architecture(model: Any, title: str = "") -> None:
    """Draw a network from left to right, with the shape behind each layer and its number of parameters.

    Args:
        model: a functional or Sequential model; or a symbolic tensor, which stands for what leads to it. A subclassed
            model is one box: only its own code knows what is inside.
        title: of the figure; the number of parameters is added.
    """
    boxes = _boxes(model)
    _arrange(boxes)
    columns, lanes = max(box.first for box in boxes) + 1, max(box.lane for box in boxes) + 1
    _, axes = plt.subplots(figsize=(COLUMN * columns + 0.3, LANE * lanes + 0.35), layout="constrained")
    axes.set(xlim=(-0.6 * COLUMN, (columns - 0.4) * COLUMN), ylim=(-0.75, LANE * lanes - 0.6), aspect="equal")
    axes.axis("off")
    for box in boxes:
        for source in box.sources:
            _connect(axes, source, box)
    for box in boxes:
        _draw(axes, box)
    total = sum(box.weights for box in boxes)
    axes.set_title(f"{title}{': ' if title else ''}{total:,} parameters", fontsize=10, loc="left")
    plt.show()


def _boxes(model: Any) -> list[Box]:
    """The boxes in an order in which each comes after its sources."""
    end = model if isinstance(model, keras.KerasTensor) else (getattr(model, "outputs", None) or [None])[0]
    if end is None:
        return [Box("join", [type(model).__name__], weights=model.count_params())]
    nodes = _nodes(end)
    uses = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    known: dict[int, Box] = {}
    counted: set[int] = set()  # a layer that is used twice has its weights once
    for node in nodes:
        layer = node.operation
        new = isinstance(layer, keras.layers.Layer) and id(layer) not in counted
        counted.add(id(layer))
        known[id(node.output_tensors[0])] = _box(node, known, uses, layer.count_params() if new else 0)
    return list(dict.fromkeys(known.values()))


def _nodes(end: Any) -> list[Any]:
    """The calls of layers that lead to a tensor, each after those it needs."""
    found: dict[int, Any] = {}
    stack = [(end, False)]
    while stack:
        tensor, ready = stack.pop()
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if ready:
            found[id(node)] = node
        elif id(node) not in found:
            stack += [(tensor, True), *((source, False) for source in node.input_tensors)]
    return list(found.values())


def _box(node: Any, known: dict[int, Box], uses: Counter[int], weights: int) -> Box:
    """A box of its own, or the one before, where the layer only follows: nothing else starts in between."""
    layer, name = node.operation, type(node.operation).__name__
    sources = [known[id(tensor)] for tensor in node.input_tensors]
    shape = tuple(node.output_tensors[0].shape[1:])
    alone = len(sources) == 1 and uses[id(node.input_tensors[0])] == 1 and sources[0].kind != "input"
    if name in INSIDE and alone:
        box = sources[0]
        box.lines.append(INSIDE[name] or _activation(layer))
        box.shape, box.weights = shape, box.weights + weights
        return box
    kind, lines = _describe(layer, name)
    return Box(kind, lines, shape, weights, list(dict.fromkeys(sources)))


def _describe(layer: Any, name: str) -> tuple[str, list[str]]:
    """What kind of layer this is, and its lines of text."""
    activation = [word] if (word := _activation(layer)) else []
    if name == "InputLayer":
        return "input", ["input"]
    if name == "Conv2D":
        return "conv", [f"conv {_square(layer.kernel_size)}", f"{layer.filters} filters", *activation]
    if name == "Dense":
        return "dense", [f"dense {layer.units}", *activation]
    if "Global" in name:
        return "pool", ["mean over", "positions"] if "Average" in name else ["max over", "positions"]
    if "Pool" in name and hasattr(layer, "pool_size"):
        kind = "max" if "Max" in name else "mean"
        return "pool", [f"{kind} {_square(layer.pool_size)}", f"stride {layer.strides[0]}"]
    word = INSIDE.get(name) or {"Add": "+", "Average": "mean"}.get(name) or _activation(layer) or name
    return "pool" if len(layer._inbound_nodes[0].input_tensors) == 1 else "join", [word]


def _activation(layer: Any) -> str:
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return {"linear": "", "relu": "ReLU"}.get(name, name)


def _square(size: tuple[int, int]) -> str:
    return " × ".join(map(str, size))


def _arrange(boxes: list[Box]) -> None:
    """Columns by the longest path; whatever has room to move stands in the middle of it, in the lowest free lane."""
    for box in boxes:
        box.first = 1 + max((source.first for source in box.sources), default=-1)
        box.last = max(other.first for other in boxes) if box is boxes[-1] else len(boxes)
    for box in reversed(boxes):
        for source in box.sources:
            source.last = min(source.last, box.last - 1)
    placed: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.last - box.first):
        taken = {other.lane for other in placed if other.first <= box.last and box.first <= other.last}
        box.lane = min(set(range(len(boxes))) - taken)
        placed.append(box)


def _connect(axes: Any, source: Box, target: Box) -> None:
    """A line with corners: up behind the source, or down in front of the target, so that it crosses no box."""
    (x, y), (to, height) = source.place, target.place
    out, into = x + COLUMN / 2, to - COLUMN / 2
    if source.lane == target.lane:
        past = y + LANE / 2 if target.first - source.last > 1 else y
        corners = [(x, y), (out, y), (out, past), (into, past), (into, y)]
    else:
        turn = out if target.lane > source.lane else into
        corners = [(x, y), (turn, y), (turn, height)]
    axes.plot(*zip(*corners), color="0.45", linewidth=1.1, zorder=0)
    tip = (to - WIDTH / 2, height)
    arrow = {"arrowstyle": "-|>", "color": "0.45", "shrinkA": 0, "shrinkB": 0, "linewidth": 1.1}
    axes.annotate("", tip, (corners[-1][0], height), arrowprops=arrow, zorder=0)


def _draw(axes: Any, box: Box) -> None:
    (x, y), height = box.place, LINE * len(box.lines) + 0.14
    frame = Rectangle((x - WIDTH / 2, y - height / 2), WIDTH, height, facecolor=COLOURS[box.kind], edgecolor="0.3")
    axes.add_patch(frame)
    axes.text(x, y, "\n".join(box.lines), ha="center", va="center", fontsize=7.5)
    below = " × ".join(map(str, box.shape)) + (f"\n{box.weights:,}" if box.weights else "")
    axes.text(x, y - height / 2 - 0.04, below, ha="center", va="top", fontsize=6.5, color="0.35")
