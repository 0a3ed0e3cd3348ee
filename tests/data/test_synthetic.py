"""The drawn images: what they are, and that they show what the course wants to show. No network is trained here;
benchmarks/synthetic_phenomena.py measures that."""

from __future__ import annotations

import numpy as np
import pytest

from coursekit.data import synthetic
from coursekit.data.synthetic import CLASSES, SHAPES, draw

MANY = 3000


@pytest.fixture(scope="module", params=sorted(SHAPES))
def drawn(request: pytest.FixtureRequest) -> tuple[str, np.ndarray, np.ndarray]:
    return request.param, *draw(request.param, MANY, np.random.default_rng(20))


def normalised(images: np.ndarray) -> np.ndarray:
    """Each image in grey, with mean 0 and length 1, as rows."""
    flat = images.astype(np.float64).mean(-1).reshape(len(images), -1)
    flat -= flat.mean(1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def nearest(known: np.ndarray, labels: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The class of the known image that correlates most."""
    return labels[(normalised(images) @ normalised(known).T).argmax(1)]


@pytest.mark.parametrize(("kind", "shape"), [("grey", (28, 28, 1)), ("colour", (32, 32, 3))])
@pytest.mark.parametrize("n", [0, 1, synthetic.CHUNK + 1])
def test_images_are_bytes_and_labels_int64(kind, shape, n):
    images, labels = draw(kind, n, np.random.default_rng(0))
    assert images.shape == (n, *shape) and images.dtype == np.uint8
    assert labels.shape == (n,) and labels.dtype == np.int64


def test_same_generator_same_images():
    first, again, other = (draw("colour", 300, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not np.array_equal(first[0], other[0])


def test_generator_advances_and_is_the_only_source():
    rng = np.random.default_rng(5)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, second = draw("grey", 10, rng)[0], draw("grey", 10, rng)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(np.random.get_state()[1], before)


def test_drawing_stays_what_was_measured():
    """Thresholds were measured on these images: a change of the distribution must be meant, and measured again."""
    images, labels = draw("grey", 1000, np.random.default_rng(1234))
    assert np.bincount(labels).tolist() == [102, 110, 91, 92, 106, 90, 102, 92, 115, 100]
    assert images.mean() == pytest.approx(104.897, abs=0.05)  # another platform may round a pixel otherwise
    assert images.std() == pytest.approx(57.398, abs=0.05)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind: expected 'grey' or 'colour', received 'gray'"):
        draw("gray", 1, np.random.default_rng(0))


def test_classes_are_about_equally_frequent(drawn):
    _, _, labels = drawn
    counts = np.bincount(labels, minlength=len(CLASSES))
    assert abs(counts - MANY / 10).max() < 6 * np.sqrt(MANY * 0.09)  # six standard deviations


def test_every_class_is_drawn_as_itself(drawn):
    """A nearest neighbour tells the classes apart far better than chance, and each of them."""
    _, images, labels = drawn
    guessed = nearest(images[1000:], labels[1000:], images[:1000])
    right = np.array([np.mean(guessed[labels[:1000] == label] == label) for label in range(10)])
    assert np.mean(guessed == labels[:1000]) > 0.55 and right.min() > 0.3


@pytest.mark.parametrize(
    ("turn", "partner"), [(np.s_[:, :, ::-1], 0), (np.s_[:, ::-1], 1)], ids=["mirror", "upside down"]
)
def test_mirror_keeps_the_class_and_upside_down_is_the_partner(drawn, turn, partner):
    """Turned images are recognised as well as others once each label is that of the pair's other half, or kept."""
    _, images, labels = drawn
    known, known_labels, new, new_labels = images[1000:], labels[1000:], images[:1000], labels[:1000]
    plain = np.mean(nearest(known, known_labels, new) == new_labels)
    turned = nearest(known, known_labels, new[turn])
    assert abs(np.mean(turned == new_labels ^ partner) - plain) < 0.08
    assert np.mean(turned == new_labels ^ partner ^ 1) < 0.1


@pytest.mark.parametrize("turn", [np.s_[:, :, ::-1], np.s_[:, ::-1]], ids=["mirror", "upside down"])
def test_turned_classes_have_the_same_mean_image(drawn, turn):
    """In distribution, not only to a classifier: mean images agree within six standard errors of a pixel."""
    _, images, labels = drawn
    images = images.astype(np.float64)
    for label in range(10):
        partner = label ^ 1 if turn == np.s_[:, ::-1] else label
        here, there = images[labels == label], images[labels == partner][turn]
        error = np.sqrt(here.var(0) / len(here) + there.var(0) / len(there))
        assert (abs(here.mean(0) - there.mean(0)) / error).max() < 6


def test_colour_brightness_and_contrast_do_not_tell_the_class(drawn):
    """The class explains next to nothing of an image's mean colour, and little of its contrast (areas differ)."""
    _, images, labels = drawn
    means, contrasts = images.mean((1, 2)), images.std((1, 2, 3))[:, None]
    for values, most in ((means, 0.02), (contrasts, 0.06)):
        between = np.stack([values[labels == label].mean(0) for label in range(10)])[labels]
        assert (between.var(0) / values.var(0)).max() < most


def test_images_vary(drawn):
    _, images, _ = drawn
    assert images.mean((1, 2, 3)).std() > 20 and images.std((1, 2, 3)).std() > 5
    assert images.min() == 0 and images.max() == 255
    assert np.mean(images == 0) + np.mean(images == 255) < 0.1  # clipping is the exception


def test_shapes_have_no_seams():
    """Parts of a shape overlap: its inside is one piece without a dark line where they meet."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(10), 20)
    distance = synthetic._silhouettes(labels, 64, rng)
    inside = distance < -0.5
    seam = ~inside[:, 1:-1] & inside[:, :-2] & inside[:, 2:]  # one row that separates
    assert seam.sum() < 0.002 * inside.sum()
