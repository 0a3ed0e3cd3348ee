"""Hidden cases of input gradients, single steps and the penalised targeted loss; expected values in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignments.a6_adversarial.checks import with_plain_loss
from coursekit.checking import FLOAT32, Case
from solutions.a6_adversarial.hidden.nets import Net, deep, guarded, image, linear

SHAPE = (2, 3, 2)

# -------------------------------------------------------------------------------------------------- input_gradient


def gradient_case(net: Net, x: np.ndarray, y: np.ndarray, **flags: Any) -> Case:
    return Case((net.network, x, y), net.gradient(x, y).astype(x.dtype), **flags)


def gradient_values(rng: np.random.Generator) -> list[Case]:
    """A single image, then batches in which some images are classified wrongly."""
    cases = []
    kinds = [(linear(rng, (28, 28, 1), 4), 1), (deep(rng, (32, 32, 3), 5), 3), (deep(rng, (3, 2, 1), 3), 66)]
    for net, n in kinds:
        x = image(rng, (n, *net.shape))
        best = net.logits(x).argmax(axis=1)
        classes = len(net.layers[-1][1])
        y = best.copy()  # images 0, 2, ... are classified correctly, the others wrongly
        y[1::2] = (best[1::2] + rng.integers(1, classes, len(y[1::2]))) % classes
        cases.append(gradient_case(net, x, y, pure=False))
    dark = image(rng, (5, *net.shape), 0.0, 0.009)
    wrong = (net.logits(dark).argmin(axis=1)).astype(np.int32)
    return [*cases, gradient_case(net, dark, wrong, pure=False)]


def gradient_inference(rng: np.random.Generator) -> list[Case]:
    """Batch normalisation by moving statistics, no dropout, and nothing in the network changes."""
    cases = []
    for n, dropout in [(4, 0.0), (2, 0.5)]:
        net = guarded(rng, SHAPE, 4, dropout)
        cases.append(gradient_case(net, image(rng, (n, *SHAPE)), np.full(n, rng.integers(0, 4))))
    return cases


def gradient_confident(rng: np.random.Generator) -> list[Case]:
    """The true class has a probability that is 0 in float32."""
    net, x = confident_images(rng)
    return [gradient_case(net, x[[i]], net.logits(x[[i]]).argmin(axis=1), pure=False) for i in range(len(x))]


def confident_images(rng: np.random.Generator) -> tuple[Net, np.ndarray]:
    """A network whose logits are hundreds apart on three images: between first and last, and first and second."""
    net = linear(rng, (1, 3, 1), 3, gain=150.0)
    x = image(rng, (200, 1, 3, 1), -1.0, 1.0)
    last, second, first = np.sort(net.logits(x)).T
    clear = np.minimum(first - second, 50.0) + np.minimum(first - last, 500.0)
    return net, x[np.argsort(clear)[-3:]]


# ------------------------------------------------------------------------------------------------------- fgsm_step


def step_loop(x: np.ndarray, grad: np.ndarray, eps: float, lo: Any, hi: Any) -> np.ndarray:
    low, high = (np.broadcast_to(np.asarray(bound, float), x.shape) for bound in (lo, hi))
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        value = float(x[index])
        if grad[index] > 0:
            value += eps
        elif grad[index] < 0:
            value -= eps
        out[index] = min(max(value, float(low[index])), float(high[index]))
    return out.astype(x.dtype)


def step_case(x: np.ndarray, grad: np.ndarray, eps: float, lo: Any, hi: Any, **flags: Any) -> Case:
    return Case((x, grad, eps, lo, hi), step_loop(x, grad, eps, lo, hi), **flags)


def _gradients(rng: np.random.Generator, shape: tuple[int, ...], smallest: float = -2) -> np.ndarray:
    """Gradients of many sizes, from ten to the power of ``smallest`` on."""
    sizes = 10.0 ** rng.uniform(smallest, 2, shape)
    return (sizes * rng.choice([-1.0, 1.0], shape)).astype(np.float32)


def step_values(rng: np.random.Generator) -> list[Case]:
    """Images in [0, 1] with pixels at and near both ends, of the course's sizes too."""
    cases = []
    for shape, eps in [((1, 28, 28, 1), 0.1), ((1, 32, 32, 3), 0.03), ((65, 2, 3, 2), float(rng.uniform(0.1, 0.3)))]:
        x = image(rng, shape, 0.0, 1.0)
        x.reshape(-1)[:4] = [0.0, 1.0, 0.01, 0.99]
        for sign in (1, -1):  # each of the four pixels moves outwards once
            grad = _gradients(rng, shape, -8)
            grad.reshape(-1)[:4] = np.array([-1.0, 1.0, -1.0, 1.0]) * sign
            grad *= np.float32(1e-5 if shape[1] == 32 else 1.0)  # once all of them are small
            cases.append(step_case(x, grad, eps, 0.0, 1.0, pure=False))
    return cases


def step_bounds(rng: np.random.Generator) -> list[Case]:
    """Bytes, the range [-1, 1], standardised images with bounds of their own for each channel, and odder ranges."""
    shape = (2, 3, 4, 3)
    mean, std = rng.uniform(0.4, 0.6, 3), rng.uniform(0.2, 0.3, 3)
    upwards = np.abs(_gradients(rng, shape))
    return [
        step_case(image(rng, shape, 0, 255), 10 * _gradients(rng, shape, 1), 20, 0.0, 255.0, pure=False),
        step_case(image(rng, shape, -1, 1), _gradients(rng, shape), 0.3, -1.0, 1.0, pure=False),
        step_case(image(rng, shape, 0.3, 0.6), upwards, 0.1, 0.3, 0.6, pure=False),
        _between(rng, shape, -mean / std, (1 - mean) / std, 0.5, np.float64),
        _between(rng, (3, 2, 5, 2), np.array([10.0, 0.5]), np.array([200.0, 255.0]), 30.0),
        _between(rng, (1, 4, 2, 3), np.array([0.001, 0.002, 0.0]), np.array([0.007, 0.008, 0.009]), 0.001),
        _many_channels(rng),
    ]


def _between(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    low: np.ndarray,
    high: np.ndarray,
    eps: float,
    dtype: Any = np.float32,
) -> Case:
    """Images anywhere between the two ends of their channels."""
    x = (low + rng.uniform(0, 1, shape) * (high - low)).astype(dtype)
    low, high = low.astype(dtype), high.astype(dtype)  # which dtype wins is for another check to ask
    return step_case(x, _gradients(rng, shape).astype(dtype), eps, low, high, pure=False)


def _many_channels(rng: np.random.Generator) -> Case:
    """66 channels whose ranges lie anywhere; the bounds are float32, as what is computed from images may be."""
    low = rng.normal(0, 200, 66).astype(np.float32)
    low[:2] = [0.0, -60.0]
    high = low + rng.uniform(50, 100, 66).astype(np.float32)
    high[1] = 0.0
    return _between(rng, (1, 2, 1, 66), low, high, 20.0)


def step_flat(rng: np.random.Generator) -> list[Case]:
    """Where the gradient is exactly 0, the image stays; with a step of 0 it stays everywhere."""
    shape = (2, 3, 4, 1)
    grad = _gradients(rng, shape) * (rng.random(shape) < 0.5)
    return [
        step_case(image(rng, shape), grad.astype(np.float32), 0.05, 0.0, 1.0, pure=False),
        step_case(image(rng, shape), _gradients(rng, shape), 0.0, 0.0, 1.0, pure=False),
    ]


def step_dtypes(rng: np.random.Generator) -> list[Case]:
    """float32 stays float32 beside float64 numbers, bounds and gradients; float64 stays float64."""
    shape = (1, 3, 2, 3)
    x, grad = image(rng, shape), _gradients(rng, shape)
    low, high = np.zeros(3), np.ones(3)
    return [
        step_case(x, grad, np.float64(0.1), 0.0, 1.0, pure=False),
        step_case(x, grad, 0.1, low, high, pure=False),
        step_case(x, grad.astype(np.float64), 0.1, 0.0, 1.0, pure=False),
        step_case(x.astype(np.float64), grad, 0.1, 0.0, 1.0, pure=False),
    ]


def step_arguments(rng: np.random.Generator) -> list[Case]:
    shape = (2, 3, 2, 1)
    return [step_case(image(rng, shape), _gradients(rng, shape), 0.1, 0.0, 1.0, fresh=True)]


# ----------------------------------------------------------------------------------------------------- targeted_l1


def l1_case(
    net: Net, x: np.ndarray, x0: np.ndarray, target: int, lam: float | None = None, by_name: bool = False, **flags: Any
) -> Case:
    """Without ``lam`` the function's own default."""
    weight = 0.05 if lam is None else lam
    difference = x.astype(float) - x0.astype(float)
    loss = float(net.cross_entropy(x, [target])[0])
    penalty = 0.0
    pull = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        penalty += abs(difference[index]) / x.size
        pull[index] = (difference[index] > 0) / x.size - (difference[index] < 0) / x.size
    grad = net.gradient(x, [target]) + weight * pull
    more: Any = () if lam is None or by_name else (lam,)
    kwargs = {"lam": lam} if by_name else {}
    expected = (np.float64(loss + weight * penalty), grad.astype(x.dtype))
    args = (net.network, x, x0, target, *more)
    return Case(args, expected, kwargs, FLOAT32, measure=with_plain_loss, **flags)


def _pair(rng: np.random.Generator, shape: tuple[int, ...], scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Two images that differ in every pixel, in both directions and by different amounts; ``scale``: 1 for [0, 1]."""
    x0 = image(rng, (1, *shape), 0.1 * scale, 0.9 * scale)
    away = scale * rng.uniform(0.05, 0.3, x0.shape) * rng.choice([-1, 1, 1], x0.shape)
    return (x0 + away).astype(np.float32), x0


def l1_values(rng: np.random.Generator) -> list[Case]:
    """Images of the course's sizes and small ones, and one whose values are all close to 0."""
    cases = []
    kinds: list[tuple[Net, float | None, float]] = [
        (linear(rng, SHAPE, 4), 7.0, 0.008),
        (linear(rng, (28, 28, 1), 4), 1, 1.0),
        (deep(rng, (32, 32, 3), 3), 0.8, 1.0),
        (deep(rng, (3, 2, 1), 5), None, 1.0),
    ]
    for net, lam, scale in kinds:
        x, x0 = _pair(rng, net.shape, scale)
        target = int(net.logits(x)[0].argsort()[rng.integers(0, 2)])  # not the class that wins
        cases.append(l1_case(net, x, x0, target, lam, by_name=lam == 0.8, pure=False))
    return [*cases, l1_case(net, x, x0, target, 0.0, pure=False)]


def l1_origin(rng: np.random.Generator) -> list[Case]:
    """Where x is x0, everywhere or here and there, the penalty pulls in no direction. lam is the default from here on:
    the check before asks for others.
    """
    net = linear(rng, SHAPE, 3)
    x, x0 = _pair(rng, SHAPE)
    same = np.where(rng.random(x.shape) < 0.5, x, x0)
    same[0, 0, 0], same[0, 1, 1] = x0[0, 0, 0], x[0, 1, 1]
    return [l1_case(net, x0.copy(), x0, 1, pure=False), l1_case(net, same, x0, 2, pure=False)]


def l1_inference(rng: np.random.Generator) -> list[Case]:
    cases = []
    for dropout in (0.0, 0.5):
        net = guarded(rng, SHAPE, 4, dropout)
        cases.append(l1_case(net, *_pair(rng, SHAPE), int(rng.integers(0, 4))))
    return cases


def l1_confident(rng: np.random.Generator) -> list[Case]:
    """The target has a probability that is 0 in float32."""
    net, images = confident_images(rng)
    x = images[:1]
    return [l1_case(net, x, x + np.float32(0.1), int(net.logits(x)[0].argmin()), pure=False)]
