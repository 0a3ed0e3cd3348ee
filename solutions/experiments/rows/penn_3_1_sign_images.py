"""Penn's 3.1, figures 5 and 6: two images of each class, and what makes a wrong class 99 % sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.course.experiments import Claim, Figure, Number, Result, Results, Row, Scale, Summary, Unit
from solutions.experiments.drawing import new, picture
from solutions.experiments.fooling import NAME, fooling
from solutions.experiments.intervals import wilson


def units(scale: Scale) -> list[Unit]:
    return fooling(scale)


def sizes(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """L∞ and L1 of the changes of the images that are shown."""
    change = np.abs(result.arrays["attacked"] - result.arrays["clean"])
    return change.max(axis=(1, 2, 3)), change.sum(axis=(1, 2, 3))


def summarise(results: Results) -> Summary:
    (result,) = results[NAME]
    success = np.array(result.values["success"])
    shown = success[result.values["shown"]]
    largest, total = sizes(result)
    numbers = [
        Number(
            name, stated, float(np.mean(flags)), *wilson(int(flags.sum()), len(flags)), "%", f"{len(flags):,} images"
        )
        for name, stated, flags in (
            ("fooled with at least 99 %, of the images that are shown", "20 of 20, chosen so", shown),
            ("fooled with at least 99 %, of all that were attacked", "", success),
        )
    ]
    steps = np.array(result.values["steps"])[success]
    for name, stated, values in (
        ("median L∞ of the change, intensities from 0 to 1", "at most .3 deviations", largest),
        ("median L1 of the change", "", total),
        ("median steps", "100, fixed", steps if len(steps) else np.zeros(1)),
    ):
        low, high = np.quantile(values, (0.025, 0.975))
        by = "the range holds 95 % of them"
        numbers.append(Number(name, stated, float(np.median(values)), float(low), float(high), "", by))
    n, wanted = len(shown), min(len(shown), 19)
    return Summary(
        tuple(numbers),
        (
            Claim("two images of each class: twenty pairs", n == 20),
            Claim("at least 19 of 20 are fooled with 99 %", n == 20 and int(shown.sum()) >= wanted),
        ),
        "The report chose its twenty among 4,000 attacked images, walked 100 fixed steps in standardised units "
        "without clipping, and retrained its network without batch normalisation; ours stop at 99 %, as the handout "
        "asks, and stay within an image's range. A network that was trained for less is less sure of anything: it "
        "takes a larger change, which one can see (step and number of steps stand in the recipe).",
    )


def draw(results: Results) -> Sequence[Figure]:
    (result,) = results[NAME]
    values, shown = result.values, result.values["shown"]
    clean, attacked = result.arrays["clean"], result.arrays["attacked"]
    largest, total = sizes(result)
    figures = []
    for part, title in ((range(10), "the first ten"), (range(10, 20), "the other ten")):
        if part.start >= len(shown):
            break
        figure, grid = new(f"Each with a network's wrong answer: {title} of twenty", 3, 10, (16.0, 5.6))
        for column, place in enumerate(part):
            if place >= len(shown):
                for axes in grid[:, column]:
                    axes.set_axis_off()
                continue
            i = shown[place]
            picture(grid[0, column], clean[place], values["classes"][values["label"][i]])
            now = f"{values['classes'][values['class'][i]]} {100 * values['probability'][i]:.1f} %"
            picture(grid[1, column], attacked[place], now)
            sign = f"L∞ {largest[place]:.3f}, L1 {total[place]:.0f}"
            drawn = picture(grid[2, column], attacked[place] - clean[place], sign, float(largest.max()))
        label = "change of intensity,\nmean of three colours"
        figure.colorbar(drawn, ax=list(grid.flat), shrink=0.5, label=label)
        alt = (
            f"{title.capitalize()} of twenty images: above, as they are, with their class; in the middle, attacked, "
            "with what the network says and how sure it is; below, the change, white where there is none."
        )
        figures.append(Figure(f"sign-images-{part.start // 10 + 1}", alt, figure))
    return figures


ROW = Row("sign-images", "Iterated sign images", "Penn CIS 680 HW2, task 3.1, figures 5 and 6", units, summarise, draw)
