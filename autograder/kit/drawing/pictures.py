"""Figures whose code teaches nothing: images in a grid, attacked images, a table in colours; ships to students."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

CHANGE = 0.3  # the colours of a change of intensity end here, in every picture alike


def show_images(images: Sequence[np.ndarray], columns: int, titles: Sequence[str] = (), title: str = "") -> None:
    """Draw images in rows.

    Args:
        images: each (height, width, 1 or 3), uint8 or intensities in [0, 1].
        columns: how many stand in a row.
        titles: one for each image, or none at all; "" for an image without.
        title: of the figure.
    """
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(1.1 * columns + 0.2, 1.25 * rows + 0.3), layout="constrained", squeeze=False
    )
    for number, axes in enumerate(grid.flat):
        axes.set_axis_off()
        if number < len(images):
            _image(axes, images[number], titles[number] if titles else "")
    figure.suptitle(title, fontsize=10)
    plt.show()


def show_attacks(
    before: Sequence[np.ndarray], after: Sequence[np.ndarray], titles: Sequence[Sequence[str]], columns: int
) -> None:
    """Draw images, what an attack made of them, and the change, three rows at a time.

    Args:
        before, after: grey images (height, width, 1) with intensities in [0, 1].
        titles: three lists, over the image, over the attacked image, over the change.
        columns: how many stand in a row.
    """
    blocks = -(-len(before) // columns)
    figure, grid = plt.subplots(
        3 * blocks, columns, figsize=(1.3 * columns + 0.6, 4.6 * blocks), layout="constrained", squeeze=False
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for number, (one, other) in enumerate(zip(before, after)):
        row, column = 3 * (number // columns), number % columns
        _image(grid[row, column], one, titles[0][number])
        _image(grid[row + 1, column], other, titles[1][number])
        # white is 0 and the scale is the same for all: no change looks like no change
        drawn = grid[row + 2, column].imshow((other - one)[..., 0], cmap="RdBu", vmin=-CHANGE, vmax=CHANGE)
        grid[row + 2, column].set_title(titles[2][number], fontsize=8)
    # larger changes have the colour of the pointed ends
    figure.colorbar(drawn, ax=grid, shrink=0.6, label="change of intensity", extend="both")
    plt.show()


def show_table(
    table: np.ndarray, xlabel: str, ylabel: str, title: str, ticks: tuple[Any, Any] | None = None, digits: int = 2
) -> None:
    """Draw a table of numbers from 0 to its largest, or to 1, with the number in each field.

    Args:
        table: (rows, columns).
        xlabel, ylabel, title: of the figure.
        ticks: names of the rows and of the columns.
        digits: after the point.
    """
    top = max(1.0, float(table.max()))
    rows, columns = table.shape
    figure, axes = plt.subplots(figsize=(0.75 * columns + 2.4, 0.55 * rows + 1.4), layout="constrained")
    drawn = axes.imshow(table, cmap="cividis", vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        colour = "white" if value < 0.55 * top else "black"
        axes.text(column, row, f"{value:.{digits}f}", ha="center", va="center", color=colour)
    if ticks is not None:
        axes.set_yticks(range(rows), ticks[0])
        axes.set_xticks(range(columns), ticks[1])
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    figure.colorbar(drawn)
    plt.show()


def _image(axes: Any, image: np.ndarray, title: str) -> None:
    grey = image.shape[-1] == 1
    top = 255 if image.dtype == np.uint8 else 1
    axes.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=top)
    axes.set_title(title, fontsize=8)
