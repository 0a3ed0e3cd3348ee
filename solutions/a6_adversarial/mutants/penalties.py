"""Known-wrong implementations: the penalised loss of the targeted attack.

Nobody can tell distance_off_the_tape from gradient_without_the_penalty by what they do: both read the same hint.
"""

import numpy as np
import tensorflow as tf

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="targeted_l1",
    hint="the distance is a mean over pixels: with a sum, lam = 0.05 freezes the attack (0 of 20 reach the target)",
)
def summed_distance(model, x, x0, target, lam=0.05):
    """Sums |x - x0| instead of averaging it."""
    return solution.targeted_l1(model, x, x0, target, lam * x.size)


@mutant(of="targeted_l1", hint="l1 counts absolute values; yours hardly minds a small change, and minds a big one")
def squared_distance(model, x, x0, target, lam=0.05):
    """Penalises the mean squared difference."""
    loss, grad = solution.targeted_l1(model, x, x0, target, 0.0)
    d = x - x0
    return loss + lam * float((d**2).mean()), (grad + 2 * lam * d / d.size).astype(x.dtype)


@mutant(of="targeted_l1", hint="far from the original is bad: does your loss grow with the distance?")
def rewards_distance(model, x, x0, target, lam=0.05):
    """Subtracts the penalty."""
    return solution.targeted_l1(model, x, x0, target, -lam)


@mutant(of="targeted_l1", hint="targeted: when the target becomes more likely, the loss must fall")
def maximises_the_cross_entropy(model, x, x0, target, lam=0.05):
    """Turns the sign of the cross-entropy."""
    loss, grad = solution.targeted_l1(model, x, x0, target, -lam)
    return -loss, -grad


@mutant(of="targeted_l1", hint="which of the two terms does lam weigh?")
def weighs_the_wrong_term(model, x, x0, target, lam=0.05):
    """Multiplies the cross-entropy by lam instead of the distance."""
    loss, grad = solution.targeted_l1(model, x, x0, target, 0.0)
    d = x - x0
    return lam * loss + float(np.abs(d).mean()), (lam * grad + np.sign(d) / d.size).astype(x.dtype)


@mutant(of="targeted_l1", hint="at x = x0 the distance must be 0: distance from what?")
def distance_from_black(model, x, x0, target, lam=0.05):
    """Measures the distance from a black image."""
    return solution.targeted_l1(model, x, 0 * x0, target, lam)


@mutant(
    of="targeted_l1", hint="both terms have a slope: is the distance on the tape, and what pulls a changed pixel back?"
)
def gradient_without_the_penalty(model, x, x0, target, lam=0.05):
    """Returns the right loss and the gradient of the cross-entropy alone."""
    loss, _ = solution.targeted_l1(model, x, x0, target, lam)
    return loss, solution.targeted_l1(model, x, x0, target, 0.0)[1]


@mutant(of="targeted_l1", hint="up and down must not cancel: a distance is never negative")
def signed_mean(model, x, x0, target, lam=0.05):
    """Averages the differences with their signs."""
    loss, grad = solution.targeted_l1(model, x, x0, target, 0.0)
    d = x - x0
    return loss + lam * float(d.mean()), grad + x.dtype.type(lam / d.size)


@mutant(of="targeted_l1", hint="attack the network as it is deployed: which mode is it in here?")
def training_mode(model, x, x0, target, lam=0.05):
    """Calls the network in training mode, with batch statistics and dropout."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=True)
        cross_entropy = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], logits))
        loss = cross_entropy + lam * tf.reduce_mean(tf.abs(x - x0))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="use the lam that you are given; 0.05 is only its default")
def fixed_lam(model, x, x0, target, lam=0.05):
    """Ignores lam."""
    return solution.targeted_l1(model, x, x0, target)


@mutant(of="targeted_l1", hint="the slope of sqrt at 0 is infinite: take the absolute value by its own function")
def root_of_the_square(model, x, x0, target, lam=0.05):
    """Writes |d| as the root of d squared, whose gradient at 0 is nan."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        cross_entropy = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], logits))
        loss = cross_entropy + lam * tf.reduce_mean(tf.sqrt((x - x0) ** 2))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="a pixel that has not moved is pulled nowhere: the slope of |d| at 0 is taken as 0")
def pull_at_the_origin(model, x, x0, target, lam=0.05):
    """Takes the sign of 0 for +1."""
    loss, grad = solution.targeted_l1(model, x, x0, target, lam)
    return loss, grad + ((x == x0) * lam / x.size).astype(x.dtype)


@mutant(of="targeted_l1", hint="softmax first, logarithm afterwards: what if p(target) is 0 in float32?")
def log_of_the_probability(model, x, x0, target, lam=0.05):
    """Takes -log of the softmax, which is infinite where the network is sure."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.nn.softmax(model(x, training=False))[0, target]
        loss = -tf.math.log(p) + lam * tf.reduce_mean(tf.abs(x - x0))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="a small constant inside the logarithm makes it flat where the network is sure")
def log_of_a_padded_probability(model, x, x0, target, lam=0.05):
    """Takes -log(p + 1e-12), whose gradient vanishes where the network is sure."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.nn.softmax(model(x, training=False))[0, target]
        loss = -tf.math.log(p + 1e-12) + lam * tf.reduce_mean(tf.abs(x - x0))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="the network returns logits: how often is softmax taken on the way?")
def double_softmax(model, x, x0, target, lam=0.05):
    """Takes the softmax before a loss that takes it again."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.nn.softmax(model(x, training=False))
        cross_entropy = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], p))
        loss = cross_entropy + lam * tf.reduce_mean(tf.abs(x - x0))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="the target is the class that you want to see, not the one that the network sees")
def predicted_class(model, x, x0, target, lam=0.05):
    """Takes the cross-entropy of the predicted class."""
    predicted = int(np.argmax(np.asarray(model(x, training=False))[0]))
    return solution.targeted_l1(model, x, x0, predicted, lam)


@mutant(of="targeted_l1", hint="first the loss, then its gradient")
def gradient_first(model, x, x0, target, lam=0.05):
    """Returns the two results in the other order."""
    return solution.targeted_l1(model, x, x0, target, lam)[::-1]


@mutant(of="targeted_l1", hint="asked for is l1: the mean absolute difference, not the largest one")
def largest_difference(model, x, x0, target, lam=0.05):
    """Penalises the largest difference."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        cross_entropy = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], logits))
        loss = cross_entropy + lam * tf.reduce_max(tf.abs(x - x0))
    return float(loss), tape.gradient(loss, x).numpy()


@mutant(of="targeted_l1", hint="report the loss that you differentiate: cross-entropy and penalty")
def loss_without_the_penalty(model, x, x0, target, lam=0.05):
    """Reports the cross-entropy alone, with the right gradient."""
    loss, _ = solution.targeted_l1(model, x, x0, target, 0.0)
    return loss, solution.targeted_l1(model, x, x0, target, lam)[1]


@mutant(
    of="targeted_l1", hint="both terms have a slope: is the distance on the tape, and what pulls a changed pixel back?"
)
def distance_off_the_tape(model, x, x0, target, lam=0.05):
    """Computes the distance in NumPy, where the tape does not see it."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        surprise = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], logits))
        loss = surprise + lam * float(np.mean(np.abs(x.numpy() - x0)))
    return float(loss), tape.gradient(loss, x).numpy()
