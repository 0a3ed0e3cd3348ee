"""A figure is what its reader sees of it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from coursekit.checking import Refused
from coursekit.drawing.plotting import facts
from coursekit.plain import plain

HIDDEN = "curves that cannot be seen as far as their data reach"


@pytest.fixture
def axes():
    yield plt.subplots()[1]
    plt.close("all")


def shown(axes) -> dict:
    axes.set(xlabel="step", ylabel="loss")
    return facts(plain(axes.figure))


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("look", ["-", "--", "o", ".", "x-", "s"])
def test_every_ordinary_curve_is_seen(axes, scale, look):
    axes.plot([1, 50, 200], [2.0, 0.1, 1.0], look, label="loss")
    axes.set_yscale(scale)
    axes.legend(bbox_to_anchor=(1.0, 1.0))
    found = shown(axes)
    assert (found[HIDDEN], found["legend"], found["y label"]) == ("none", "loss", "loss")


@pytest.mark.parametrize("style", ["default", "dark_background", "ggplot"])
def test_style_is_a_matter_of_taste(style):
    with plt.style.context(style):
        axes = plt.subplots(layout="constrained")[1]
        axes.plot([1, 2], [1.0, 2.0], label="a")
        axes.legend()
        assert shown(axes)[HIDDEN] == "none"
    plt.close("all")


def test_a_label_is_looked_for_where_the_figures_layout_puts_it():
    axes = plt.subplots(figsize=(2, 1.2), layout="constrained")[1]  # elsewhere it would lie beyond the paper
    axes.plot([1, 2], [1.0, 2.0], label="a")
    assert shown(axes)["x label"] == "step"
    plt.close("all")


@pytest.mark.parametrize(
    "options", [{"visible": False}, {"alpha": 0.01}, {"linewidth": 0}, {"linestyle": "none"}, {"color": "#fefefe"}]
)
def test_curve_without_ink_is_not_seen(axes, options):
    axes.plot([1, 2], [1.0, 2.0], label="a", **options)
    assert shown(axes)[HIDDEN] == "a"


@pytest.mark.parametrize("limits", [{"xlim": (5, 9)}, {"ylim": (5, 9)}, {"xlim": (1, 1.5)}, {"ylim": (1.6, 3)}])
def test_curve_beyond_the_limits_is_not_seen(axes, limits):
    axes.plot([1, 2], [1.0, 2.0], label="a")
    axes.set(**limits)
    assert shown(axes)[HIDDEN] == "a"


def test_nearly_equal_colours_are_one(axes):
    for number in range(3):
        axes.plot([1, 2], [number, 2.0], color=(0.5 + 0.004 * number, 0, 0), label=str(number))
    assert shown(axes)["curves told apart"] == 1


def test_describing_leaves_a_figure_as_it_was(axes):
    axes.plot([1, 2], [1.0, 2.0], label="a")
    figure = axes.figure
    before = figure.dpi, figure.canvas, axes.get_position().bounds, axes.lines[0].get_visible()
    plain(figure)
    after = figure.dpi, figure.canvas, axes.get_position().bounds, axes.lines[0].get_visible()
    assert before[1] is after[1] and before[0] == after[0] and before[3] == after[3]
    np.testing.assert_allclose(before[2], after[2])


@pytest.mark.parametrize(
    "junk", [{}, {"axes": 3}, {"axes": [{}]}, {"axes": [{"lines": [{"label": 1}], "xlabel": "x", "ylabel": "y"}]}]
)
def test_junk_in_place_of_a_figure_is_refused(junk):
    with pytest.raises(Refused):
        facts({"@": "figure", **junk})
