"""Penn's 2.3 and 2.4, figure 4 and table 3: twenty more layers, plain, residual, fractal, under He and Glorot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import COLOURS, bars, new
from solutions.experiments.intervals import accuracy, accuracy_number, mean_number, more
from solutions.experiments.recipes import DEEP, INITIALISERS, deep
from solutions.experiments.training import PROBED_AT

REPORT = dict(zip(DEEP, (0.08, 0.51, 0.54)))
CHANCE = 0.1


def units(scale: Scale) -> list[Unit]:
    return deep(scale)


def interval(results: Sequence[Result]) -> tuple[float, float, float]:
    return accuracy([result.arrays["right"].astype(bool) for result in results])


def at(result: Result, step: int | None) -> float:
    """G of the first convolution at a step; None for the last one."""
    steps, values = result.values["gradients"]["step"], result.values["gradients"]["first"]
    return float(values[-1 if step is None else steps.index(step)])


def summarise(results: Results) -> Summary:
    numbers: list[Number] = []
    for name in results:
        stated = next((f"{100 * value:.0f} % (He)" for key, value in REPORT.items() if name.startswith(key)), "")
        numbers.append(accuracy_number(name, stated, results[name]))
    for name, found in results.items():
        known = [step for step in PROBED_AT if step in found[0].values["gradients"]["step"]]
        for step in (*known, None):
            when = "the last step" if step is None else f"step {step}"
            numbers.append(
                mean_number(f"{name}: G of the first convolution at {when}", "", [at(r, step) for r in found])
            )
    plain, residual, fractal = DEEP
    _, high = _chance(results[f"{plain}, He"][0])
    claims = [Claim(f"{plain}, {i}: at chance", _at_chance(interval(results[f"{plain}, {i}"]))) for i in INITIALISERS]
    for kind in (residual, fractal):
        means = {i: interval(results[f"{kind}, {i}"])[0] for i in INITIALISERS}
        best = max(means, key=lambda initialiser: means[initialiser])
        told = f"under {best}'s initialisation, which suits it"
        claims += [
            Claim(f"{kind}, {told}: clearly above chance", interval(results[f"{kind}, {best}"])[1] > high),
            Claim(
                f"{kind}, {told}: above the plain network",
                more(results[f"{plain}, {best}"], results[f"{kind}, {best}"]),
            ),
        ]
    glorot, he = (at(results[f"{plain}, {i}"][0], 0) for i in ("Glorot", "He"))
    claims.append(
        Claim("at the start the plain network's gradient has vanished under Glorot, not under He", he > 100 * glorot)
    )
    return Summary(
        tuple(numbers),
        tuple(claims),
        "The report compared width 92 with 64, on 100 test images, under He's initialisation. Here all have one "
        "width. The initialiser decides as much as the architecture: means of branches shrink a signal, sums make "
        "it grow.",
    )


def _at_chance(found: tuple[float, float, float]) -> bool | None:
    """Whether 10 % explain an accuracy; None where seeds differ so much that much else would, too."""
    _, low, high = found
    if not low <= CHANCE <= high:
        return False
    return True if high - CHANCE < 0.05 else None


def _chance(result: Result) -> tuple[float, float]:
    """What a network that has learned nothing may show, 99.9 %: the classes are not exactly equally many."""
    n = len(result.arrays["right"])
    half = 3.29 * np.sqrt(CHANCE * (1 - CHANCE) / n) + 0.01
    return CHANCE - half, CHANCE + half


def draw(results: Results) -> Sequence[Figure]:
    table, grid = new("Twenty more layers: the architecture and the initialiser")
    names = list(results)
    marks = [next((REPORT[k] for k in REPORT if n == f"{k}, He"), None) for n in names]
    bars(grid[0, 0], names, [interval(results[name]) for name in names], marks)
    grid[0, 0].axvline(100 * CHANCE, color="#555555", linestyle=":", label="chance")
    grid[0, 0].legend(loc="lower right", fontsize=10)
    figure, panels = new("G of the first convolution: vanish, or die?")
    steps = [step for step in PROBED_AT if step in results[names[0]][0].values["gradients"]["step"]]
    for number, name in enumerate(names):
        values = [max(np.mean([at(r, step) for r in results[name]]), 1e-12) for step in (*steps, None)]
        style = "--o" if name.endswith("Glorot") else "-s"
        colour = COLOURS[(number + 1) // 2 % 7]
        panels[0, 0].plot(range(len(values)), values, style, color=colour, label=name, linewidth=2)
    panels[0, 0].set_yscale("log")
    panels[0, 0].set_xticks(range(len(steps) + 1), [*map(str, steps), "last"])
    panels[0, 0].set(xlabel="step (not to scale)", ylabel="G = max |∂L/∂w|; 0 is drawn at 1e-12")
    panels[0, 0].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=10)
    alt = (
        "Bars of held-out accuracy with intervals for seven networks; a dotted line at chance, diamonds for the report."
    )
    alt_dying = (
        "G of the first convolution on a logarithmic axis at steps 0, 20, 100 and the last, one line for each network."
    )
    return [Figure("deeper", alt, table), Figure("deeper-gradients", alt_dying, figure)]


ROW = Row("deeper", "Twenty more layers", "Penn CIS 680 HW2, tasks 2.3, 2.4, figure 4, table 3", units, summarise, draw)
