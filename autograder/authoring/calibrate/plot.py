"""Both distributions and the bound between them, as an SVG that is the same for the same values."""

from __future__ import annotations

import io
import textwrap

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from autograder.authoring.calibrate.items import Item
from autograder.authoring.calibrate.record import Record

RIGHT, WRONG, DOUBT = "#1b6ca8", "#c0392b", "#f3d9a4"
TALL, LINE = 1.6, 0.26  # inches: of everything else, of one implementation


def draw(item: Item, record: Record) -> str:
    """Draw every run of every implementation as a point, the correct ones above, and the bound as a line."""
    evidence = record.evidence
    bound = evidence.bound
    rows = [one for one in evidence.measured if one.trained]
    with matplotlib.rc_context({"svg.hashsalt": record.fingerprint, "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.2, TALL + LINE * len(rows)), layout="constrained")
        axes = figure.subplots()
        if bound.doubt is not None:
            axes.axvspan(bound.doubt.begins, bound.doubt.ends, color=DOUBT, lw=0, label="doubt: further runs")
        axes.axvline(bound.at_least, color="black", lw=1.2, label=f"bound {bound.at_least:.4f}")
        rng = np.random.default_rng(0)  # so that equal values can be told apart
        for place, one in enumerate(rows):
            height = place + rng.uniform(-0.28, 0.28, len(one.trained))
            axes.plot(one.trained, height, ".", ms=4, alpha=0.6, color=RIGHT if one.correct else WRONG)
        axes.set_yticks(range(len(rows)), [one.id.rpartition(".")[2] for one in rows], fontsize=8)
        for label, one in zip(axes.get_yticklabels(), rows):
            label.set_color(RIGHT if one.correct else WRONG)
        axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=textwrap.fill(evidence.unit, 80))
        figure.suptitle(f"{item}\ncorrect (blue) and wrong (red) implementations, one point for each run", fontsize=9)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        text = io.StringIO()
        figure.savefig(
            text, format="svg", metadata={"Date": None, "Title": str(item), "Description": description(record)}
        )
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def description(record: Record) -> str:
    """The plot's text alternative; it names the values that it was drawn from."""
    bound = record.evidence.bound
    doubt = f"; doubt begins at {bound.doubt.begins:.4f}" if bound.doubt else ""
    return f"Bound {bound.at_least:.4f}{doubt}; drawn from values {record.fingerprint}"
