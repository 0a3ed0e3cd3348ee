"""Known-wrong implementations: the targeted attack by gradient descent."""

import keras
import numpy as np

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="targeted_attack", hint="the target becomes less likely with every step: which way must its loss go?")
def ascends(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Steps up the loss of the target."""
    return solution.targeted_attack(model, x0, target, lam, -lr, stop, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="plain descent here, no sign: a step is as large as the gradient says")
def steps_by_the_sign(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Steps by the sign of the gradient."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if success or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * np.sign(grad), lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="can a screen show what leaves the range from lo to hi?")
def without_clipping(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Does not clip at all."""
    return solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, -np.inf, np.inf)


@mutant(of="targeted_attack", hint="the target wins already, but is it as likely as was asked for?")
def stops_when_the_target_wins(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Stops as soon as the target is the most likely class."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p.argmax() == target)
        if success or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="the network is sure here, but of which class?")
def any_confident_class(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Stops when any class exceeds stop."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p.max() > stop)
        if success or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="the penalty shall hold the image near the original: distance from which image?")
def forgets_the_original(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Measures the distance from the current image, where it is always 0."""
    return solution.targeted_attack(model, x0, target, 0.0, lr, stop, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="does the lam that you are given reach the loss?")
def default_lam(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Uses the default penalty, whatever lam is."""
    return solution.targeted_attack(model, x0, target, 0.05, lr, stop, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="some targets are never reached: what ends your loop then?")
def goes_on_after_max_iter(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Makes more steps than max_iter."""
    return solution.targeted_attack(model, x0, target, lam, lr, stop, 2 * max_iter, lo, hi)


@mutant(of="targeted_attack", hint="when the loop ends because of max_iter, was that a success?")
def always_a_success(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Reports success even after giving up."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, lo, hi)
    return {**result, "success": True}


@mutant(of="targeted_attack", hint="x0 belongs to the caller, who will compare with it: work on a copy")
def in_place(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Writes the adversarial image into x0 in the end."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, lo, hi)
    x0[...] = result["x_adv"]
    return {**result, "x_adv": x0}


@mutant(of="targeted_attack", hint="attack the network as it is deployed: in which mode do you look at it?")
def looks_in_training_mode(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Classifies in training mode, which moves the network's statistics."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=True)))[0]
        success = bool(p[target] > stop)
        if success or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="the probability must be more than stop: what do you do at exactly stop?")
def exactly_stop_is_enough(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Stops at exactly stop."""
    almost = np.nextafter(np.float32(stop), np.float32(0))
    return solution.targeted_attack(model, x0, target, lam, lr, almost, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="look before the first step: some images need none")
def at_least_one_step(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Makes a step even if the target is likely enough already."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if (success and steps) or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="this is the probability before the last step: which image do you return?")
def reports_the_image_before(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Reports, when it gives up, the probability before the last step."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if success or max_iter == 0:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
        if steps >= max_iter:
            break
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="images live in the range that you are given: do lo and hi reach every step?")
def fixed_range(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Clips to [0, 1], whatever the range."""
    return solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter)


@mutant(of="targeted_attack", hint="use the lr that you are given; 0.001 is only its default")
def fixed_rate(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Ignores lr."""
    return solution.targeted_attack(model, x0, target, lam, 0.001, stop, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="use the stop that you are given; 0.95 is only its default")
def fixed_stop(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Ignores stop."""
    return solution.targeted_attack(model, x0, target, lam, lr, 0.95, max_iter, lo, hi)


@mutant(of="targeted_attack", hint="prob is the target's probability; the largest one may be another class's")
def reports_the_largest_probability(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Reports the probability of the winning class."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, lo, hi)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(model(result["x_adv"], training=False)))[0]
    return {**result, "prob": float(p.max())}


@mutant(of="targeted_attack", hint="every step starts over from x0: where did the steps before it go?")
def always_one_step_from_the_original(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Adds each step to the original image."""
    x, steps = x0.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if success or steps >= max_iter:
            break
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.clip(x0 - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="the slope changes along the way: at which image do you take the gradient?")
def gradient_at_the_original(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Follows the gradient at the original image all the way."""
    x, steps = x0.copy(), 0
    _, grad = solution.targeted_l1(model, x0, x0, target, lam)
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if success or steps >= max_iter:
            break
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


@mutant(of="targeted_attack", hint="success is p(target) > stop, not that the target wins")
def success_by_winning(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Calls it a success when the target is the most likely class in the end."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, lo, hi)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(model(result["x_adv"], training=False)))[0]
    return {**result, "success": bool(p.argmax() == target)}


@mutant(of="targeted_attack", hint="an image stays inside its range at every step, not only in the end")
def clips_in_the_end(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Walks without bounds and clips the last image."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, -np.inf, np.inf)
    return {**result, "x_adv": np.clip(result["x_adv"], lo, hi).astype(x0.dtype)}


@mutant(of="targeted_attack", hint="asked for is the image, not what was added to it")
def returns_the_perturbation(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Returns the perturbation instead of the perturbed image."""
    result = solution.targeted_attack(model, x0, target, lam, lr, stop, max_iter, lo, hi)
    return {**result, "x_adv": result["x_adv"] - x0}


@mutant(of="targeted_attack", hint="max_iter steps are allowed: is the last one made?")
def one_step_too_few(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Gives up one step early."""
    return solution.targeted_attack(model, x0, target, lam, lr, stop, max(max_iter - 1, 0), lo, hi)
