"""Known-wrong implementations: the iterated fast gradient sign method."""

import keras
import numpy as np

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="iterated_fgsm", hint="a wrong class alone is not enough: how sure must the network be?")
def stops_at_the_first_wrong_class(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Stops as soon as the class is wrong."""
    return solution.iterated_fgsm(model, x, y, eps, lo, hi, 0.0, max_iter)


@mutant(of="iterated_fgsm", hint="the network is sure here, but of which class?")
def any_confident_class(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Stops when any class is confident, the true one included."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        success = bool(p.max() >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    pred = int(p.argmax())
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="the slope changes along the way: at which image do you take the gradient?")
def gradient_at_the_original(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Follows the gradient at the original image all the way."""
    x_adv, steps = x.copy(), 0
    grad = solution.input_gradient(model, x, np.array([y]))
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="after the class has flipped, does your attack walk on, or back? y stays the truth")
def predicted_class(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Uses the predicted class instead of the true one."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([pred]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="every step starts over from x: where did the steps before it go?")
def always_one_step_from_the_original(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Adds each step to the original image."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="this is the prediction of the image before the last step; which one do you return?")
def reports_the_image_before(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Reports, when it gives up, the prediction of the image before the last step."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or max_iter == 0:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
        if steps >= max_iter:
            break
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="look before the first step: some images need none")
def at_least_one_step(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Makes a step even if the image is wrong and confident already."""
    if max_iter == 0:
        return solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, 0)
    grad = solution.input_gradient(model, x, np.array([y]))
    first = solution.fgsm_step(x, grad, eps, lo, hi)
    result = solution.iterated_fgsm(model, first, y, eps, lo, hi, confidence, max_iter - 1)
    return {**result, "steps": result["steps"] + 1}


@mutant(of="iterated_fgsm", hint="the goal was reached earlier: when does your loop end?")
def fixed_number_of_steps(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Always makes max_iter steps."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, 2.0, max_iter)
    return {**result, "success": result["pred"] != y and result["confidence"] >= confidence}


@mutant(of="iterated_fgsm", hint="some attacks never succeed: what ends your loop then?")
def goes_on_after_max_iter(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Makes more steps than max_iter."""
    return solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, 3 * max_iter)


@mutant(of="iterated_fgsm", hint="images live in the range that you are given: do lo and hi reach every step?")
def fixed_range(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Clips to [0, 1], whatever the range."""
    return solution.iterated_fgsm(model, x, y, eps, 0.0, 1.0, confidence, max_iter)


@mutant(of="iterated_fgsm", hint="attack the network as it is deployed: in which mode do you look at it?")
def looks_in_training_mode(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Classifies in training mode, which moves the network's statistics."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=True)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="x belongs to the caller, who will compare with it: work on a copy")
def in_place(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Writes the adversarial image into x."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    x[...] = result["x_adv"]
    return {**result, "x_adv": x}


@mutant(of="iterated_fgsm", hint="exactly the asked confidence is enough: at least, not more than")
def more_than_the_confidence(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Asks for more than the given confidence."""
    return solution.iterated_fgsm(
        model, x, y, eps, lo, hi, np.nextafter(np.float32(confidence), np.float32(2)), max_iter
    )


@mutant(of="iterated_fgsm", hint="whose probability do you report? the confidence is that of the predicted class")
def confidence_of_the_true_class(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Reports the probability of the true class."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(model(result["x_adv"], training=False)))[0]
    return {**result, "confidence": float(p[y])}


@mutant(of="iterated_fgsm", hint="success is a wrong class with the asked confidence, not any wrong class")
def success_without_confidence(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Calls any wrong class a success in the end."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    return {**result, "success": result["pred"] != y}


@mutant(of="iterated_fgsm", hint="use the confidence that you are given; 0.99 is only its default")
def fixed_confidence(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Ignores the argument confidence."""
    return solution.iterated_fgsm(model, x, y, eps, lo, hi, max_iter=max_iter)


@mutant(of="iterated_fgsm", hint="the true class becomes more likely with every step: which way do you go?")
def descends(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Steps down the loss of the true class."""
    return solution.iterated_fgsm(model, x, y, -eps, lo, hi, confidence, max_iter)


@mutant(of="iterated_fgsm", hint="classes exclude each other: softmax, not one sigmoid for each logit")
def sigmoid_for_softmax(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Takes the sigmoid of each logit for its probability."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.sigmoid(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="the network returns logits: a confidence is a probability")
def logits_for_probabilities(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Compares logits with the confidence."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(model(x_adv, training=False))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="these steps do not look at the network at all: follow its gradient")
def noise_of_the_same_size(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Steps along random signs."""
    rng, x_adv, steps = np.random.default_rng(0), x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        x_adv = solution.fgsm_step(x_adv, rng.choice([-1.0, 1.0], x.shape), eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="one wrong class must have the confidence, not all of them together")
def all_wrong_classes_together(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Stops when the true class has less than 1 - confidence."""
    x_adv, steps = x.copy(), 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(1 - p[y] >= confidence)
        if success or steps >= max_iter:
            break
        grad = solution.input_gradient(model, x_adv, np.array([y]))
        x_adv = solution.fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


@mutant(of="iterated_fgsm", hint="count the steps that were made, not the times that you looked")
def counts_one_more(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Counts the look before the first step as a step."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    return {**result, "steps": result["steps"] + 1}


@mutant(of="iterated_fgsm", hint="the prediction is that of the image that you return, not of the original")
def reports_the_original(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Reports class and confidence of the original image."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
    return {**result, "pred": int(p.argmax()), "confidence": float(p.max())}


@mutant(of="iterated_fgsm", hint="asked for is the image, not what was added to it")
def returns_the_perturbation(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Returns the perturbation instead of the perturbed image."""
    result = solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max_iter)
    return {**result, "x_adv": result["x_adv"] - x}


@mutant(of="iterated_fgsm", hint="an image stays inside its range at every step, not only in the end")
def clips_in_the_end(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Walks without bounds and clips the last image."""
    result = solution.iterated_fgsm(model, x, y, eps, -np.inf, np.inf, confidence, max_iter)
    return {**result, "x_adv": np.clip(result["x_adv"], lo, hi).astype(x.dtype)}


@mutant(of="iterated_fgsm", hint="max_iter steps are allowed: is the last one made?")
def one_step_too_few(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Gives up one step early."""
    return solution.iterated_fgsm(model, x, y, eps, lo, hi, confidence, max(max_iter - 1, 0))
