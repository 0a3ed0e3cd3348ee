"""Known-wrong implementations: a single step of the fast gradient sign method."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="fgsm_step", hint="untargeted: shall the loss of the true class grow, or fall?")
def descends(x, grad, eps, lo, hi):
    """Steps down the loss of the true class."""
    return solution.fgsm_step(x, -grad, eps, lo, hi)


@mutant(of="fgsm_step", hint="every pixel moves by eps, however small its gradient: what is left of a 1e-6?")
def without_the_sign(x, grad, eps, lo, hi):
    """Multiplies eps by the gradient itself."""
    return np.clip(x + eps * grad, lo, hi).astype(x.dtype)


@mutant(of="fgsm_step", hint="can a screen show what leaves the range from lo to hi?")
def without_clipping(x, grad, eps, lo, hi):
    """Does not clip at all."""
    return (x + eps * np.sign(grad)).astype(x.dtype)


@mutant(of="fgsm_step", hint="lo and hi are the ends of an image: what exactly do you clip?")
def clips_the_perturbation(x, grad, eps, lo, hi):
    """Clips the perturbation instead of the image."""
    return (x + np.clip(eps * np.sign(grad), lo, hi)).astype(x.dtype)


@mutant(of="fgsm_step", hint="not every image lives in [0, 1]: there are bytes and standardised images")
def fixed_range(x, grad, eps, lo, hi):
    """Clips to [0, 1], whatever the range."""
    return solution.fgsm_step(x, grad, eps, 0.0, 1.0)


@mutant(of="fgsm_step", hint="this is the perturbation alone: where has the image gone?")
def replaces_the_image(x, grad, eps, lo, hi):
    """Returns the perturbation instead of the perturbed image."""
    return np.clip(eps * np.sign(grad), lo, hi).astype(x.dtype) + 0 * x


@mutant(of="fgsm_step", hint="each pixel has a sign of its own")
def one_sign_for_an_image(x, grad, eps, lo, hi):
    """Moves all pixels of an image by the sign of the mean gradient."""
    return solution.fgsm_step(x, 0 * grad + grad.mean(axis=(1, 2, 3), keepdims=True), eps, lo, hi)


@mutant(of="fgsm_step", hint="a pixel that goes too far stops at the end; yours comes in again on the other side")
def wraps_around(x, grad, eps, lo, hi):
    """Wraps around at the ends of the range instead of saturating."""
    return (lo + np.mod(x + eps * np.sign(grad) - lo, np.asarray(hi) - lo)).astype(x.dtype)


@mutant(of="fgsm_step", hint="x belongs to the caller: return a new image instead of writing into it")
def in_place(x, grad, eps, lo, hi):
    """Writes the step into x."""
    x += (eps * np.sign(grad)).astype(x.dtype)
    np.clip(x, lo, hi, out=x)
    return x


@mutant(of="fgsm_step", hint="the result has the dtype of x; which of your operands is a float64?")
def promotes_to_float64(x, grad, eps, lo, hi):
    """Lets float64 numbers and bounds promote a float32 image."""
    return np.clip(x + eps * np.sign(grad), lo, hi)


@mutant(of="fgsm_step", hint="a gradient of exactly 0 says nothing: that pixel stays where it is")
def zero_counts_as_positive(x, grad, eps, lo, hi):
    """Moves pixels without a gradient upwards."""
    return solution.fgsm_step(x, np.where(grad >= 0, 1, -1), eps, lo, hi)


@mutant(of="fgsm_step", hint="even a gradient of 1e-7 has a sign, and the full step")
def ignores_small_gradients(x, grad, eps, lo, hi):
    """Takes small gradients for 0."""
    return solution.fgsm_step(x, np.where(np.abs(grad) > 1e-4, grad, 0), eps, lo, hi)


@mutant(of="fgsm_step", hint="an image has two ends: what happens at lo?")
def clips_above_only(x, grad, eps, lo, hi):
    """Clips at hi only."""
    return np.minimum(x + eps * np.sign(grad), hi).astype(x.dtype)


@mutant(of="fgsm_step", hint="an image has two ends: what happens at hi?")
def clips_below_only(x, grad, eps, lo, hi):
    """Clips at lo only."""
    return np.maximum(x + eps * np.sign(grad), lo).astype(x.dtype)


@mutant(of="fgsm_step", hint="this is the L2 step; the sign of each pixel makes the largest step in L-infinity")
def step_of_length_eps(x, grad, eps, lo, hi):
    """Steps eps along the normalised gradient."""
    length = np.sqrt((grad**2).sum(axis=(1, 2, 3), keepdims=True))
    return np.clip(x + eps * grad / length, lo, hi).astype(x.dtype)


@mutant(of="fgsm_step", hint="eps is in the units of x already: the range has nothing to do with the step's size")
def eps_as_a_fraction_of_the_range(x, grad, eps, lo, hi):
    """Takes eps for a fraction of the range."""
    return solution.fgsm_step(x, grad, eps * (np.asarray(hi) - np.asarray(lo)), lo, hi)


@mutant(of="fgsm_step", hint="the largest gradient of the image does not matter: sign means +1, 0 or -1")
def scaled_by_the_largest(x, grad, eps, lo, hi):
    """Divides the gradient by its largest entry instead of taking the sign."""
    return np.clip(x + eps * grad / np.abs(grad).max(), lo, hi).astype(x.dtype)
