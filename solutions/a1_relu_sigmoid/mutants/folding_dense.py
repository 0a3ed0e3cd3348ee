"""Known-wrong implementations: folding thresholds into the biases of dense networks."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a1_relu_sigmoid import solution

BANK = Bank()
mutant = BANK.mutant

# ------------------------------------------------------------------------------------------------ fold_threshold_dense


@mutant(of="fold_threshold_dense", hint="max(t, z) = t + max(0, z - t): subtract t inside")
def adds_t_inside(b1, t, W2, b2):
    """Adds t to the first bias instead of subtracting it."""
    return b1 + np.asarray(t, b1.dtype), b2 + np.broadcast_to(np.asarray(t, b1.dtype), b1.shape) @ W2


@mutant(of="fold_threshold_dense", hint="after folding, every hidden output is t too small: who gives it back?")
def forgets_the_next_layer(b1, t, W2, b2):
    """Leaves the second bias as it is."""
    return b1 - np.asarray(t, b1.dtype), b2.copy()


@mutant(of="fold_threshold_dense", hint="the shift t passes through W2 before it reaches the next layer")
def adds_t_itself(b1, t, W2, b2):
    """Adds t itself to the second bias, without W2."""
    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)
    return b1 - shift, b2 + np.resize(shift, b2.shape)


@mutant(
    of="fold_threshold_dense",
    hint="W2 is (in, out): try a layer that is not square, and in a square one compare outputs",
)
def transposed_kernel(b1, t, W2, b2):
    """Multiplies by W2 from the wrong side where the shapes allow it."""
    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)
    return b1 - shift, b2 + (W2 @ shift if W2.shape[0] == W2.shape[1] else shift @ W2)


@mutant(of="fold_threshold_dense", hint="the next layer must get the shift back: with a plus")
def subtracts_twice(b1, t, W2, b2):
    """Subtracts the correction in both layers."""
    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)
    return b1 - shift, b2 - shift @ W2


@mutant(of="fold_threshold_dense", hint="for a scalar t, sum W2 over its inputs: one number per output unit")
def sums_the_wrong_axis(b1, t, W2, b2):
    """For a scalar t, sums W2 over its outputs where the shapes allow it."""
    shift = np.broadcast_to(np.asarray(t, b1.dtype), b1.shape)
    square_and_scalar = W2.shape[0] == W2.shape[1] and np.ndim(t) == 0
    return b1 - shift, b2 + (shift[0] * W2.sum(axis=1) if square_and_scalar else shift @ W2)


@mutant(of="fold_threshold_dense", hint="return new arrays: the original network must keep working")
def overwrites_the_biases(b1, t, W2, b2):
    """Changes the caller's biases in place."""
    shift = np.broadcast_to(np.asarray(t, dtype=b1.dtype), b1.shape).copy()
    b1 -= shift
    b2 += shift @ W2
    return b1, b2


@mutant(of="fold_threshold_dense", hint="each unit has a threshold of its own: use the whole vector t")
def one_threshold_for_all(b1, t, W2, b2):
    """Uses the mean threshold for every unit."""
    shift = np.full_like(b1, np.mean(t))
    return b1 - shift, b2 + shift @ W2


@mutant(of="fold_threshold_dense", hint="the new biases have the dtype of the old ones")
def biases_in_float64(b1, t, W2, b2):
    """Returns float64 biases for a float32 network."""
    shift = np.broadcast_to(np.asarray(t, np.float64), b1.shape)
    return b1 - shift, b2 + shift @ W2


@mutant(of="fold_threshold_dense", hint="with t = 0 nothing changes, and still the result must be new arrays")
def returns_the_old_biases(b1, t, W2, b2):
    """Returns the caller's own arrays when t is 0."""
    if not np.any(t):
        return b1, b2
    return solution.fold_threshold_dense(b1, t, W2, b2)


# ---------------------------------------------------------------------------------------------- fold_threshold_network


@mutant(of="fold_threshold_network", hint="repeat the step for every hidden layer")
def folds_the_first_layer_only(layers_, thresholds):
    """Folds only the first hidden layer, and a thresholded output."""
    last = len(layers_) - 1
    kept = [t if i in (0, last) else 0.0 for i, t in enumerate(thresholds)]
    return solution.fold_threshold_network(layers_, kept)


@mutant(of="fold_threshold_network", hint="a middle layer needs both corrections: + t_prev W and - t_own")
def drops_the_shift_of_middle_layers(layers_, thresholds):
    """Hidden layers get only -t; the + t W reaches the last layer alone."""
    new_layers, shift = [], None
    for i, (W, b) in enumerate(layers_):
        b_new = b.copy()
        if shift is not None and i == len(layers_) - 1:
            b_new = b_new + shift @ W
        shift = np.zeros_like(b) + (np.asarray(thresholds[i], b.dtype) if i < len(thresholds) else 0)
        new_layers.append((W, b_new - shift))
    return new_layers, shift


@mutant(of="fold_threshold_network", hint="a middle layer still has its own threshold to fold")
def middle_layers_keep_their_threshold(layers_, thresholds):
    """Middle layers get only the + correction."""
    new_layers, shift = [], None
    for i, (W, b) in enumerate(layers_):
        b_new = b.copy() if shift is None else b + shift @ W
        shift = np.zeros_like(b) + (np.asarray(thresholds[i], b.dtype) if i < len(thresholds) else 0)
        new_layers.append((W, b_new - shift if i in (0, len(layers_) - 1) else b_new))
    return new_layers, shift


@mutant(of="fold_threshold_network", hint="layer l receives the shift of layer l - 1")
def uses_its_own_threshold(layers_, thresholds):
    """Off by one: adds thresholds[i] W where thresholds[i - 1] W belongs."""
    new_layers, shift = [], None
    for i, (W, b) in enumerate(layers_):
        b_new = b.copy()
        if shift is not None:
            fits = i < len(thresholds) and np.size(thresholds[i]) in (1, W.shape[0])
            b_new = b_new + (np.broadcast_to(np.asarray(thresholds[i], b.dtype), W.shape[:1]) if fits else shift) @ W
        shift = np.zeros_like(b) + (np.asarray(thresholds[i], b.dtype) if i < len(thresholds) else 0)
        new_layers.append((W, b_new - shift))
    return new_layers, shift


@mutant(of="fold_threshold_network", hint="the output layer is linear: there is nothing to fold there")
def folds_the_linear_output(layers_, thresholds):
    """The last layer also gets -t although it has no activation."""
    new_layers, shift = [], None
    for i, (W, b) in enumerate(layers_):
        b_new = b.copy() if shift is None else b + shift @ W
        t = thresholds[min(i, len(thresholds) - 1)] if thresholds else 0.0
        t = t if np.size(t) in (1, b.size) else np.mean(t)
        shift = np.broadcast_to(np.asarray(t, dtype=b.dtype), b.shape)
        new_layers.append((W, b_new - shift))
    return new_layers, np.zeros_like(layers_[-1][1])


@mutant(
    of="fold_threshold_network", hint="if the output unit is max{t, z}, the ReLU network is t too low: report the shift"
)
def drops_the_output_shift(layers_, thresholds):
    """Returns a zero shift when the output is thresholded too."""
    new_layers, shift = solution.fold_threshold_network(layers_, thresholds)
    return new_layers, np.zeros_like(shift)


@mutant(of="fold_threshold_network", hint="the original network must keep working: copy its biases first")
def overwrites_the_network(layers_, thresholds):
    """Changes the given bias arrays in place."""
    new_layers, shift = [], None
    for i, (W, b) in enumerate(layers_):
        if shift is not None:
            b += shift @ W
        shift = np.zeros_like(b) + (np.asarray(thresholds[i], b.dtype) if i < len(thresholds) else 0)
        b -= shift
        new_layers.append((W, b))
    return new_layers, shift


@mutant(
    of="fold_threshold_network", hint="a network of one linear layer has no threshold at all: it comes back as it is"
)
def needs_a_threshold(layers_, thresholds):
    """Fails on a single linear layer, whose list of thresholds is empty."""
    np.asarray(thresholds[0])
    return solution.fold_threshold_network(layers_, thresholds)


@mutant(of="fold_threshold_network", hint="the new biases have the dtype of the old ones")
def network_in_float64(layers_, thresholds):
    """Returns float64 biases for a float32 network."""
    new_layers, shift = solution.fold_threshold_network(layers_, thresholds)
    return [(W, b.astype(np.float64)) for W, b in new_layers], shift


@mutant(
    of="fold_threshold_network",
    hint="the shift of the output has one entry per output unit, also for a scalar threshold",
)
def scalar_output_shift(layers_, thresholds):
    """Returns a scalar output shift for a scalar threshold."""
    new_layers, shift = solution.fold_threshold_network(layers_, thresholds)
    thresholded = len(thresholds) == len(layers_)
    return new_layers, np.asarray(thresholds[-1], shift.dtype) if thresholded else shift


@mutant(of="fold_threshold_network", hint="only biases move: the weights stay as they are")
def scales_the_weights(layers_, thresholds):
    """Changes the weights of the hidden layers as well."""
    new_layers, shift = solution.fold_threshold_network(layers_, thresholds)
    return [(W if i == 0 else W * (1 - np.mean(thresholds[0])), b) for i, (W, b) in enumerate(new_layers)], shift


@mutant(of="fold_threshold_network", hint="work on copies of the biases, those of the hidden layers included")
def overwrites_the_hidden_layers(layers_, thresholds):
    """Changes the biases of the thresholded layers in place."""
    new_layers, shift = solution.fold_threshold_network(layers_, thresholds)
    for i in range(len(thresholds)):
        layers_[i][1][...] = new_layers[i][1]
    return new_layers, shift


@mutant(of="fold_threshold_network", hint="one linear layer comes back unchanged, but as a copy")
def returns_the_linear_layer_itself(layers_, thresholds):
    """Returns the given network when there is nothing to fold."""
    if not thresholds:
        return layers_, np.zeros_like(layers_[-1][1])
    return solution.fold_threshold_network(layers_, thresholds)
