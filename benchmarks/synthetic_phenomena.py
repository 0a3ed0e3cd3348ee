"""Measure on the drawn images what the course wants to show; one process for each set, a few minutes on two cores.

    .venv/bin/python benchmarks/synthetic_phenomena.py [--data synthetic-grey] [--seeds 4] [--rows 3]

Every row is trained `--seeds` times, each time on freshly drawn images and from new initial weights, with the grader's
own recipe (Adam, batches of 64, mean softmax cross-entropy) on intensities from -1/2 to 1/2, and evaluated on 2,000
other images. The row after "against" is its control, trained and evaluated on the same images. Intervals are 95 %,
from Student's t over the seeds. The tables in datasets/cards/ are what this prints. With ``--data fashion-mnist`` or
``cifar-10`` the same networks are trained on random parts of a real set.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coursekit.data import load, synthetic
from coursekit.data.loaders import SYNTHETIC, read_manifest

HELD_OUT = 2000
STUDENT_T = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 8: 2.36, 10: 2.26}  # 97.5 % quantile by number of seeds
Batches = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Row:
    """One line of the table: a network, its training, and the row to compare it with."""

    name: str
    network: str  # linear, mlp or convnet
    images: int = 2000
    steps: int = 200
    dropout: float = 0.0
    batches: Batches | None = None
    standardised: bool = False
    evaluation: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None
    against: str = ""


def mirrored(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Left and right exchanged in every other image, at random."""
    return np.where(rng.random((len(x), 1, 1, 1)) < 0.5, x[:, :, ::-1], x), y


def upside_down(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The wrong augmentation: top and bottom exchanged, labels kept."""
    return np.where(rng.random((len(x), 1, 1, 1)) < 0.5, x[:, ::-1], x), y


def cropped(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four zeros on every side, then a window of the old size anywhere."""
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (4, 4), (4, 4), (0, 0)))
    rows, columns = rng.integers(0, 9, (2, n))
    return np.stack([padded[i, r : r + height, c : c + width] for i, (r, c) in enumerate(zip(rows, columns))]), y


def both(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return cropped(*mirrored(x, y, rng), rng)


FEW = {"images": 300, "steps": 500}
ROWS = (
    Row("linear softmax", "linear"),
    Row("MLP, 100 hidden", "mlp", against="linear softmax"),
    Row("ConvNet", "convnet", against="MLP, 100 hidden"),
    Row("ConvNet, standardised images", "convnet", standardised=True, against="ConvNet"),
    Row("ConvNet, mirrored held-out images", "convnet", evaluation=lambda x, y: (x[:, :, ::-1], y), against="ConvNet"),
    Row("ConvNet, held-out images upside down", "convnet", evaluation=lambda x, y: (x[:, ::-1], y), against="ConvNet"),
    Row("the same, class of the pair's other half", "convnet", evaluation=lambda x, y: (x[:, ::-1], y ^ 1)),
    Row("ConvNet, longer", "convnet", steps=800, against="ConvNet"),
    Row("ConvNet, longer, dropout .25", "convnet", steps=800, dropout=0.25, against="ConvNet, longer"),
    Row("300 images: ConvNet", "convnet", **FEW),
    Row("300 images, dropout .25", "convnet", **FEW, dropout=0.25, against="300 images: ConvNet"),
    Row("300 images, flip", "convnet", **FEW, batches=mirrored, against="300 images: ConvNet"),
    Row("300 images, crop", "convnet", **FEW, batches=cropped, against="300 images: ConvNet"),
    Row("300 images, flip and crop", "convnet", **FEW, batches=both, against="300 images: ConvNet"),
    Row("300 images, vertical flip (wrong)", "convnet", **FEW, batches=upside_down, against="300 images: ConvNet"),
)


def build(network: str, shape: tuple[int, ...], dropout: float):
    """A linear softmax, an MLP, or a ConvNet of two blocks with 20 filters."""
    import keras  # noqa: PLC0415 - after the number of threads is set

    given = x = keras.Input(shape)
    if network == "convnet":
        for _ in range(2):
            x = keras.layers.Conv2D(20, 3, padding="same", activation="relu")(x)
            x = keras.layers.Dropout(dropout)(keras.layers.MaxPooling2D(2)(x))
    x = keras.layers.Flatten()(x)
    if network == "mlp":
        x = keras.layers.Dense(100, activation="relu")(x)
    return keras.Model(given, keras.layers.Dense(10)(x))


def standardise(x: np.ndarray) -> np.ndarray:
    return (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), keepdims=True)


def images_of(data: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """2,000 images to train on, then those held out."""
    rng = np.random.default_rng([7, seed])
    if data in SYNTHETIC:
        return synthetic.draw(SYNTHETIC[data], 2000 + HELD_OUT, rng)
    real = load(data)
    train, test = rng.permutation(len(real.x_train))[:2000], rng.permutation(len(real.x_test))[:HELD_OUT]
    return np.concatenate([real.x_train[train], real.x_test[test]]), np.append(real.y_train[train], real.y_test[test])


def measure(data: str, seeds: int, rows: tuple[Row, ...]) -> dict[str, np.ndarray]:
    """Training accuracy, held-out accuracy and held-out loss, (seeds, 3), of every row."""
    import keras  # noqa: PLC0415

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it would advise against a function for each model
    from autograder.judge.training import accuracy, fit, logits  # noqa: PLC0415

    results: dict[str, list[tuple[float, ...]]] = {row.name: [] for row in rows}
    for seed in range(seeds):
        images, y = images_of(data, seed)
        x = images.astype(np.float32) / 255 - 0.5
        trained = {}
        for row in rows:
            pixels = standardise(x) if row.standardised else x
            recipe = (row.network, row.images, row.steps, row.dropout, row.batches, row.standardised)
            if recipe not in trained:
                keras.utils.set_random_seed(seed)
                model = trained[recipe] = build(row.network, pixels.shape[1:], row.dropout)
                rng = np.random.default_rng([8, seed])
                options = {"steps": row.steps, "batch_size": 64, "learning_rate": 2e-3, "batches": row.batches}
                fit(model, pixels[: row.images], y[: row.images], rng=rng, **options)
            model, evaluation = trained[recipe], row.evaluation or (lambda x, y: (x, y))
            x_test, y_test = evaluation(pixels[2000:], y[2000:])
            scores = logits(model, x_test).astype(np.float64)
            chances = scores - scores.max(1, keepdims=True)
            chances -= np.log(np.exp(chances).sum(1, keepdims=True))
            loss = -chances[np.arange(HELD_OUT), y_test].mean()
            learned = accuracy(model, pixels[: row.images], y[: row.images])
            results[row.name].append((learned, float((scores.argmax(1) == y_test).mean()), float(loss)))
        print(f"{data}: {seed + 1} of {seeds} seeds done", file=sys.stderr, flush=True)
    return {name: np.array(values) for name, values in results.items()}


def interval(values: np.ndarray) -> float:
    """Half the width of the mean's 95 % interval."""
    return STUDENT_T[len(values)] * values.std(ddof=1) / np.sqrt(len(values))


def table(results: dict[str, np.ndarray], rows: tuple[Row, ...]) -> str:
    """The measurements as a Markdown table."""
    lines = [
        "| | training accuracy | held-out accuracy | held-out loss | difference of accuracy |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        learned, held_out, loss = results[row.name].T
        gain = held_out - results[row.against][:, 1] if row.against else None
        change = "" if gain is None else f"{gain.mean():+.3f} ± {interval(gain):.3f} against {row.against}"
        accuracy = f"{held_out.mean():.3f} ± {interval(held_out):.3f}"
        lines.append(f"| {row.name} | {learned.mean():.3f} | {accuracy} | {loss.mean():.2f} | {change} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", choices=sorted(read_manifest()), help="by default both drawn sets, at the same time")
    parser.add_argument("--seeds", type=int, default=4, choices=sorted(STUDENT_T))
    parser.add_argument("--rows", type=int, default=len(ROWS), help="only the first rows of the table")
    chosen = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    if chosen.data is None:
        command = [sys.executable, __file__, "--seeds", str(chosen.seeds), "--rows", str(chosen.rows), "--data"]
        started = [subprocess.Popen([*command, data], stdout=subprocess.PIPE, text=True) for data in SYNTHETIC]
        print("\n".join([process.communicate()[0] for process in started]), end="")
        sys.exit(max(process.returncode for process in started))
    begun, rows = time.monotonic(), ROWS[: chosen.rows]
    results = measure(chosen.data, chosen.seeds, rows)
    print(f"{chosen.data}, {chosen.seeds} seeds, {time.monotonic() - begun:.0f} s on one core")
    if chosen.data in SYNTHETIC:
        begun = time.process_time()
        synthetic.draw(SYNTHETIC[chosen.data], 4000, np.random.default_rng(0))
        print(f"{4000 / (time.process_time() - begun):,.0f} images drawn in a second on one core")
    print(f"\n{table(results, rows)}")


if __name__ == "__main__":
    main()
