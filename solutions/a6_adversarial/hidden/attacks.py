"""Hidden cases of the two attacks: whole trajectories, followed in float64.

float32 and float64 part company where a gradient's sign, a stopping rule or the winning class hangs by a thread. The
cases are drawn until nothing does, so that every correct way to compute them ends at the same image.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from assignments.a6_adversarial.checks import with_plain_success
from coursekit.checking import FLOAT32, Case
from solutions.a6_adversarial.hidden.nets import Net, deep, even, guarded, image, linear
from solutions.a6_adversarial.hidden.walks import (
    CLEAR,
    FINE,
    NO_WALK,
    PATIENCE,
    SHAPE,
    SOON,
    STEADY,
    Walk,
    draw,
    growth,
)

# --------------------------------------------------------------------------------------------------- iterated_fgsm


def fgsm_walk(
    net: Net, x: np.ndarray, y: int, eps: float, lo: Any, hi: Any, confidence: float = 0.99, max_iter: int = 100
) -> Walk:
    low, high = (np.broadcast_to(np.asarray(bound, float), x.shape) for bound in (lo, hi))
    here, clear = x.astype(float), 1.0
    images, classes = [here], []
    gradients: list[np.ndarray] = []
    while True:
        p = net.probabilities(here)[0]
        second, first = np.sort(p)[-2:]
        classes.append(int(p.argmax()))
        clear = min(clear, first - second, abs(first - confidence) if classes[-1] != y else 1.0)
        success = classes[-1] != y and first >= confidence
        if success or len(gradients) == max_iter:
            break
        gradient = net.gradient(here, [y])
        # All of it is proportional to 1 - p[y], which float32 knows no better than to a rounding of 1.
        doubtful = min(1.0, FINE * float(np.delete(p, y).sum()))
        clear = min(clear, doubtful * float(np.min(np.abs(gradient)) / np.max(np.abs(gradient))))
        gradients.append(gradient)
        here = np.minimum(np.maximum(here + eps * np.sign(gradient), low), high)
        images.append(here)
    result = {
        "x_adv": here.astype(x.dtype),
        "pred": classes[-1],
        "confidence": float(first),
        "steps": len(gradients),
        "success": bool(success),
    }
    return Walk(result, images, gradients, classes, float(clear))


def fgsm_case(
    net: Net, x: np.ndarray, y: int, eps: float, lo: Any, hi: Any, *, defaults: bool = False, **options: Any
) -> tuple[Walk, Case]:
    """``options``: confidence, max_iter; with ``defaults`` the function's own, and flags of the case."""
    rule: dict[str, Any] = {key: options.pop(key) for key in ("confidence", "max_iter") if key in options}
    walk = fgsm_walk(net, x, y, eps, lo, hi, **rule)
    case = Case(
        (net.network, x, y, eps, lo, hi),
        walk.result,
        {} if defaults else rule,
        FLOAT32,
        measure=with_plain_success,
        **options,
    )
    return walk, case


def fgsm_walks(rng: np.random.Generator) -> list[Case]:
    """Walks that turn on the way, and go on after the class has become wrong."""

    def make(net_of: Callable[..., Net], classes: int, defaults: bool) -> tuple[Walk, Case]:
        net = net_of(rng, SHAPE, classes, 3.0)
        x = image(rng, (1, *SHAPE), 0.3, 0.7)
        y = int(net.logits(x)[0].argmax())
        rule = {} if defaults else {"confidence": 0.9, "max_iter": PATIENCE}
        return fgsm_case(net, x, y, 0.06, 0.0, 1.0, defaults=defaults, pure=False, **rule)

    def wanted(walk: Walk) -> bool:
        y = walk.classes[0]
        return walk.result["success"] and walk.turns and walk.flips_before_it_stops(y) and walk.steps <= SOON

    kinds = [(linear, 4, False), (deep, 4, True), (deep, 3, False)]
    return [draw(partial(make, *kind), wanted) for kind in kinds]


def fgsm_stops(rng: np.random.Generator) -> list[Case]:
    """Which images are left as they are: only those that are wrong, and surely so."""

    def make(true: bool, low: float, high: float, confidence: float) -> Callable[[], tuple[Walk, Case]]:
        def make_one() -> tuple[Walk, Case]:
            net = linear(rng, SHAPE, 4, 3.0)
            x = image(rng, (1, *SHAPE))
            p = net.probabilities(x)[0]
            y = int(p.argmax()) if true else int(p.argmin())
            walk, case = fgsm_case(net, x, y, 0.05, 0.0, 1.0, confidence=confidence, max_iter=PATIENCE, pure=False)
            return (walk, case) if low < p.max() < high else (NO_WALK, case)

        return make_one

    return [
        draw(make(False, 0.95, 1.0, 0.9), lambda walk: walk.steps == 0),
        draw(make(False, 0.4, 0.9, 0), lambda walk: walk.steps == 0),
        draw(make(True, 0.65, 0.9, 0.6), straight_to_success),
        draw(make(False, 0.5, 0.85, 0.9), straight_to_success),
    ]


def straight_to_success(walk: Walk) -> bool:
    """A short walk on which no pixel turns."""
    return bool(1 <= walk.steps <= SOON and not walk.turns and walk.result["success"])


def fgsm_at_the_limit(rng: np.random.Generator) -> list[Case]:
    """A wrong class with exactly the asked confidence is sure enough."""
    net, x = tie(rng)
    return [fgsm_case(net, x, 1, 0.25, 0.0, 1.0, confidence=0.5, max_iter=3, pure=False)[1]]


def tie(rng: np.random.Generator) -> tuple[Net, np.ndarray]:
    """Logits that are two of the pixels, 1/4 and 3/4: one step of 1/4 makes both classes equal, without rounding."""
    pixels = rng.permutation(6)[:2]
    kernel, x = np.zeros((6, 2)), image(rng, (1, *SHAPE))
    kernel[pixels, [0, 1]] = 1.0
    x.reshape(-1)[pixels] = [0.25, 0.75]
    return Net(SHAPE, ((kernel, np.zeros(2)),)), x


def fgsm_gives_up(rng: np.random.Generator) -> list[Case]:
    """After max_iter steps, with the prediction of the image that is returned; no step at all may be allowed."""

    def make(max_iter: int, confidence: float = 0.99) -> tuple[Walk, Case]:
        net = deep(rng, SHAPE, 4, 3.0)
        x = image(rng, (1, *SHAPE), 0.3, 0.7)
        y = int(net.logits(x)[0].argmax())
        return fgsm_case(net, x, y, 0.02, 0.0, 1.0, confidence=confidence, max_iter=max_iter, pure=False)

    def wanted(walk: Walk) -> bool:
        return not walk.result["success"] and not walk.turns

    def wrong_but_unsure(walk: Walk) -> bool:
        return wanted(walk) and walk.classes[-1] != walk.classes[0]

    return [
        draw(lambda: make(3, 1), wanted),
        draw(lambda: make(7), wrong_but_unsure),
        draw(lambda: make(0), wanted),
    ]


def fgsm_bounds(rng: np.random.Generator) -> list[Case]:
    """Other ranges than [0, 1], also one for each channel, below 0 and close to it; the course's sizes."""

    def make(shape: tuple[int, int, int], lo: Any, hi: Any, eps: float) -> tuple[Walk, Case]:
        net = linear(rng, shape, 3, 1.5 / np.max(np.asarray(hi) - np.asarray(lo)))
        return _walk_between(rng, net, eps, lo, hi)

    def wanted(low: Any, high: Any) -> Callable[[Walk], bool]:
        def touches(walk: Walk) -> bool:
            last, ends = walk.images[-1], (np.asarray(low), np.asarray(high))
            return straight_to_success(walk) and all(np.any(np.isclose(last, end, 1e-6, 0)) for end in ends)

        return touches

    low, high = np.array([0.0, -200.0, -90.0], np.float32), np.array([150.0, 0.0, -20.0], np.float32)
    tiny = np.array([0.001, 0.002]), np.array([0.007, 0.009])
    bounds: list[tuple[tuple[int, int, int], Any, Any, float]] = [
        ((2, 2, 1), -1.0, 1.0, 0.25),
        ((3, 2, 1), 0.0, 255.0, 30.0),
        ((2, 2, 3), low, high, 20.0),
        ((2, 2, 2), *tiny, 0.0008),
    ]
    small = [draw(partial(make, *bound), wanted(bound[1], bound[2])) for bound in bounds]
    return small + [draw(partial(_course_size, rng, channels), straight_to_success) for channels in (1, 3)]


def _course_size(rng: np.random.Generator, channels: int) -> tuple[Walk, Case]:
    """28 x 28 x 1, bytes from 10 to 240, or 32 x 32 x 3, standardised, with steps of 1."""
    if channels == 1:
        return _walk_between(rng, even(rng, (28, 28, 1), 12.0), 12.0, np.array([10.0]), np.array([240.0]))
    mean, std = np.array([0.49, 0.48, 0.45], np.float32), np.array([0.25, 0.24, 0.26], np.float32)
    return _walk_between(rng, even(rng, (32, 32, 3), 1.0), 1, -mean / std, (1 - mean) / std)


def _walk_between(rng: np.random.Generator, net: Net, eps: float, lo: Any, hi: Any) -> tuple[Walk, Case]:
    """From an image in the middle of its range to a wrong class with 70 %."""
    x = (lo + rng.uniform(0.2, 0.8, (1, *net.shape)) * (np.asarray(hi) - lo)).astype(np.float32)
    y = int(net.logits(x)[0].argmax())
    return fgsm_case(net, x, y, eps, lo, hi, confidence=0.7, max_iter=PATIENCE, pure=False)


def fgsm_arguments(rng: np.random.Generator) -> list[Case]:
    """The image and the network, which has batch normalisation and dropout, are as they were."""

    def make(dropout: float) -> tuple[Walk, Case]:
        net = guarded(rng, (2, 3, 2), 3, dropout)
        x = image(rng, (1, 2, 3, 2), 0.3, 0.7)
        y = int(net.logits(x)[0].argmax())
        return fgsm_case(net, x, y, 0.05, 0.0, 1.0, confidence=0.6, max_iter=PATIENCE)

    return [draw(partial(make, dropout), straight_to_success) for dropout in (0.0, 0.5)]


# ------------------------------------------------------------------------------------------------- targeted_attack


def targeted_walk(
    net: Net,
    x0: np.ndarray,
    target: int,
    lam: float = 0.05,
    lr: float = 0.001,
    stop: float = 0.95,
    max_iter: int = 10000,
    lo: float = 0.0,
    hi: float = 1.0,
) -> Walk:
    start = x0.astype(float)
    here, clear = start, 1.0
    images, classes = [here], []
    gradients: list[np.ndarray] = []

    def gradient_at(image: np.ndarray) -> np.ndarray:
        return net.gradient(image, [target]) + lam * np.sign(image - start) / image.size

    def step(image: np.ndarray) -> np.ndarray:
        return np.clip(image - lr * gradient_at(image), lo, hi)

    while True:
        p = net.probabilities(here)[0]
        classes.append(int(p.argmax()))
        clear = min(clear, FINE * abs(p[target] - stop))
        success = p[target] > stop
        if success or len(gradients) == max_iter:
            break
        away = here - start
        if gradients and lam:
            moved = away[away != 0] / (hi - lo)  # a pixel held at its bound has not moved at all, in any precision
            clear = min(clear, FINE * float(np.min(np.abs(moved), initial=1.0)))
        gradients.append(gradient_at(here))
        here = step(here)
        images.append(here)
    if clear > CLEAR and growth(images, step, hi - lo) > STEADY:
        clear = 0.0
    result = {
        "x_adv": here.astype(x0.dtype),
        "prob": float(p[target]),
        "steps": len(gradients),
        "success": bool(success),
    }
    return Walk(result, images, gradients, classes, float(clear))


def targeted_case(net: Net, x0: np.ndarray, target: int, options: dict[str, Any], **flags: Any) -> tuple[Walk, Case]:
    """What ``options`` leave out is left to the function's defaults."""
    walk = targeted_walk(net, x0, target, **options)
    case = Case((net.network, x0, target), walk.result, options, FLOAT32, measure=with_plain_success, **flags)
    return walk, case


def _start(rng: np.random.Generator, net: Net, lo: float = 0.2, hi: float = 0.8) -> tuple[np.ndarray, int]:
    """An image and a class that the network does not see in it."""
    x0 = image(rng, (1, *net.shape), lo, hi)
    return x0, int(net.logits(x0)[0].argsort()[rng.integers(0, 2)])


def targeted_walks(rng: np.random.Generator) -> list[Case]:
    """To the target's probability, with a penalty that matters, inside [0, 1]; on images of the course's sizes too."""

    def make(net_of: Callable[[], Net], options: dict[str, Any]) -> tuple[Walk, Case]:
        net = net_of()
        return targeted_case(net, *_start(rng, net), {"max_iter": PATIENCE, **options}, pure=False)

    def wanted(walk: Walk) -> bool:
        inside = all(np.all((x > 0) & (x < 1)) for x in walk.images)
        return 3 <= walk.steps <= SOON and walk.result["success"] and inside

    small = partial(deep, rng, SHAPE, 3, 2.0)
    kinds: list[tuple[Callable[[], Net], dict[str, Any]]] = [
        (partial(even, rng, (28, 28, 1), 0.06), {"lam": 1.0, "lr": 4.0, "stop": 0.8}),
        (partial(even, rng, (32, 32, 3), 0.06), {"lam": 2, "lr": 15.0, "stop": 0.8}),
        (small, {"lam": 0, "lr": 0.03, "stop": 0.8}),
        (small, {"lr": 0.04}),
    ]
    return [*(draw(partial(make, *kind), wanted) for kind in kinds), _with_defaults(rng)]


def _with_defaults(rng: np.random.Generator) -> Case:
    """lam, lr, stop and bounds as the signature gives them. Not max_iter: a wrong attack would walk for minutes."""

    def make() -> tuple[Walk, Case]:
        net = linear(rng, SHAPE, 3, 12.0)
        return targeted_case(net, *_start(rng, net), {"max_iter": 2 * PATIENCE}, pure=False)

    return draw(make, lambda walk: SOON <= walk.steps <= 2 * SOON and walk.result["success"])


def targeted_stops(rng: np.random.Generator) -> list[Case]:
    """The target must have more than ``stop``: winning is not enough, nor is another class's confidence."""

    def make(kind: str) -> tuple[Walk, Case]:
        net = linear(rng, SHAPE, 4, 3.0)
        x0 = image(rng, (1, *SHAPE))
        p = net.probabilities(x0)[0]
        best = int(p.argmax())
        target = best if kind != "another" else int(p.argmin())
        fits = {"wins": p.max() < 0.7, "sure": p.max() > 0.87, "another": p.max() > 0.87}[kind]
        options = {"lr": 0.05, "stop": 0.85, "max_iter": PATIENCE}
        walk, case = targeted_case(net, x0, target, options, pure=False)
        return (walk, case) if fits else (NO_WALK, case)

    return [
        draw(lambda: make("sure"), lambda walk: walk.steps == 0),
        draw(lambda: make("wins"), lambda walk: 2 <= walk.steps <= SOON),
        draw(lambda: make("another"), lambda walk: 2 <= walk.steps <= SOON),
        targeted_case(linear(rng, SHAPE, 4), image(rng, (1, *SHAPE)), 2, {"stop": 0, "max_iter": 3}, pure=False)[1],
    ]


def targeted_at_the_limit(rng: np.random.Generator) -> list[Case]:
    """Exactly ``stop`` is not more than ``stop``."""
    net = Net(SHAPE, ((np.zeros((6, 2)), np.zeros(2)),))
    options = {"stop": 0.5, "max_iter": 3}
    return [targeted_case(net, image(rng, (1, *SHAPE)), 1, options, pure=False)[1]]


def targeted_gives_up(rng: np.random.Generator) -> list[Case]:
    """After max_iter steps, without success, with the probability of the image that is returned.

    Once the target wins in the end, though not surely: that is no success.
    """

    def make(max_iter: int, lr: float, wins: bool, stop: float = 0.9) -> tuple[Walk, Case]:
        net = deep(rng, SHAPE, 4, 2.0)
        x0, target = _start(rng, net)
        options = {"lr": lr, "stop": stop, "max_iter": max_iter}
        walk, case = targeted_case(net, x0, target, options, pure=False)
        return (walk, case) if (walk.classes[-1] == target) == wins else (NO_WALK, case)

    def wanted(walk: Walk) -> bool:
        return not walk.result["success"]

    kinds: list[tuple[Any, ...]] = [(4, 0.02, False, 1), (7, 0.06, True), (0, 0.02, False)]
    return [draw(partial(make, *kind), wanted) for kind in kinds]


def targeted_bounds(rng: np.random.Generator) -> list[Case]:
    """Pixels that reach an end of [lo, hi] stay there; the range may lie below 0, above 1 or close to 0."""

    def make(lo: float, hi: float, options: dict[str, float]) -> tuple[Walk, Case]:
        net = linear(rng, (3, 2, 1), 3, 2.0 / (hi - lo))
        x0, target = _start(rng, net, lo + 0.1 * (hi - lo), hi - 0.1 * (hi - lo))
        given = {"stop": 0.8, "max_iter": PATIENCE, "lo": lo, "hi": hi, **options}
        return targeted_case(net, x0, target, given, pure=False)

    def wanted(lo: float, hi: float) -> Callable[[Walk], bool]:
        def touches(walk: Walk) -> bool:
            last = walk.images[-1]
            return 3 <= walk.steps <= SOON and bool(np.any(last == lo) and np.any(last == hi))

        return touches

    kinds: list[tuple[float, float, dict[str, float]]] = [
        (0, 1, {"lr": 0.3}),
        (-1.0, 2.0, {"lr": 1.0}),
        (-4.0, -1.0, {"lr": 1.0}),
        (-2, 0, {"lr": 0.5}),
        (1, 3, {"lr": 0.5}),
        (90.0, 130.0, {"lr": 180.0}),
        (0.002, 0.009, {"lr": 1e-5}),
    ]
    return [draw(partial(make, *kind), wanted(kind[0], kind[1])) for kind in kinds]


def targeted_arguments(rng: np.random.Generator) -> list[Case]:
    def make(dropout: float) -> tuple[Walk, Case]:
        net = guarded(rng, (2, 3, 2), 3, dropout)
        x0, target = _start(rng, net)
        return targeted_case(net, x0, target, {"lr": 0.1, "stop": 0.8, "max_iter": PATIENCE})

    return [draw(partial(make, dropout), lambda walk: 3 <= walk.steps <= SOON) for dropout in (0.0, 0.5)]
