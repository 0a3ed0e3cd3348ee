"""Known-wrong implementations: finding layers and measuring their gradients."""

import keras
import tensorflow as tf
from keras import layers

from autograder.course.bank import Bank
from solutions.a4_all_conv import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="first_last_conv",
    hint="the first layer of a model is its input, the last often a pool or a Dense layer: look for Conv2D",
)
def first_and_last_of_all_layers(model):
    """Takes the first and the last of all layers."""
    convs = [layer for layer in model.layers]
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[0], convs[-1])


@mutant(
    of="first_last_conv",
    hint="a layer named conv_relu is no convolution, and one named alpha may be: ask for the class, not the name",
)
def by_conv_in_the_name(model):
    """Selects by the word conv in the name."""
    convs = [layer for layer in model.layers if "conv" in layer.name]
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[0], convs[-1])


@mutant(
    of="first_last_conv", hint="the order of the names is not the order in the network: conv2d_10 sorts before conv2d_2"
)
def sorted_by_name(model):
    """Sorts by name."""
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    convs = sorted(convs, key=lambda l: l.name)
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[0], convs[-1])


@mutant(of="first_last_conv", hint="Dense layers have a kernel, too: only Conv2D counts")
def whatever_has_a_kernel(model):
    """Selects whatever has a kernel."""
    convs = [layer for layer in model.layers if hasattr(layer, "kernel")]
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[0], convs[-1])


@mutant(of="first_last_conv", hint="first the one nearest to the input, then the one nearest to the output")
def last_then_first(model):
    """Returns the last before the first."""
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[-1], convs[0])


@mutant(of="first_last_conv", hint="the last of a list has index -1")
def second_for_last(model):
    """Takes the second convolution for the last."""
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    if not convs:
        raise ValueError("model has no Conv2D layer")
    return (convs[0], convs[min(1, len(convs) - 1)])


@mutant(of="gradient_magnitude", hint="yours is the loss times the gradient: let the tape start from 1")
def multiplied_by_the_loss(model, x, y, layer):
    """Multiplies the gradient by the loss, as grad_ys did in the original homework."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value, output_gradients=loss)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="the largest entry may be negative: G is the maximum of |dL/dw|")
def without_absolute_value(model, x, y, layer):
    """Takes the maximum without the absolute value."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(grad))


@mutant(of="gradient_magnitude", hint="G is the maximum, not the mean, of |dL/dw|")
def mean_magnitude(model, x, y, layer):
    """Averages the magnitudes."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_mean(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="G is the maximum of |dL/dw|, not the Euclidean norm")
def euclidean_norm(model, x, y, layer):
    """Computes the Euclidean norm."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.norm(grad))


@mutant(of="gradient_magnitude", hint="only the kernel counts, not the bias")
def bias_included(model, x, y, layer):
    """Includes the gradient of the bias."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, [layer.kernel.value, layer.bias.value])], 0)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="L is the mean over the batch: G must not grow with the number of images")
def summed_over_the_batch(model, x, y, layer):
    """Sums the loss over the batch."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="the model returns logits already: apply the softmax once, inside the loss")
def softmax_twice(model, x, y, layer):
    """Applies the softmax before a loss that does so itself."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.nn.softmax(logits)))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="measure what the optimiser sees: call the model with training=True")
def in_inference_mode(model, x, y, layer):
    """Calls the model with training=False."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=False)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(grad)))


@mutant(of="gradient_magnitude", hint="that is the size of the weights; G is the size of their gradient")
def weights_instead_of_gradients(model, x, y, layer):
    """Takes the largest weight."""
    state = [v.numpy() for v in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    grad = tape.gradient(loss, layer.kernel.value)
    for v, s in zip(model.non_trainable_variables, state):
        v.assign(s)
    return float(tf.reduce_max(tf.abs(layer.kernel.value)))


@mutant(of="first_last_conv", hint="a network with one convolution has it first and last")
def needs_two(model):
    """Fails when there is one convolution alone."""
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    if len(convolutions) < 2:
        raise ValueError("expected two convolutions")
    return convolutions[0], convolutions[-1]


@mutant(
    of="first_last_conv",
    hint="a network without convolutions is an error of the caller: raise a ValueError that says so",
)
def none_for_none(model):
    """Returns None where there is nothing to find."""
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    return (convolutions[0], convolutions[-1]) if convolutions else (None, None)


@mutant(of="first_last_conv", hint="a 1x1 convolution is a convolution, too")
def without_one_by_one(model):
    """Skips 1x1 convolutions."""
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    large = [layer for layer in convolutions if layer.kernel_size != (1, 1)]
    if not convolutions:
        raise ValueError("no convolutions")
    return (large or convolutions)[0], (large or convolutions)[-1]


@mutant(of="first_last_conv", hint="return the layer objects themselves: their kernels are wanted next")
def names_of_the_layers(model):
    """Returns the names."""
    first, last = solution.first_last_conv(model)
    return first.name, last.name


@mutant(
    of="gradient_magnitude", hint="your measurement moved the statistics of BatchNormalization: put every weight back"
)
def leaves_the_statistics_moved(model, x, y, layer):
    """Does not restore the moving statistics."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
    return float(tf.reduce_max(tf.abs(tape.gradient(loss, layer.kernel.value))))


@mutant(of="gradient_magnitude", hint="a probe must not train: take the gradient, do not apply it")
def takes_a_step(model, x, y, layer):
    """Applies the gradient."""
    value = solution.gradient_magnitude(model, x, y, layer)
    layer.kernel.assign(0.99 * layer.kernel)
    return value


@mutant(of="gradient_magnitude", hint="the gradient of a dead layer is exactly 0: add nothing to it")
def never_zero(model, x, y, layer):
    """Adds a small number, for the logarithmic plot."""
    return solution.gradient_magnitude(model, x, y, layer) + 1e-6


@mutant(of="gradient_magnitude", hint="measure the layer you were given, whichever it is")
def always_the_first_convolution(model, x, y, layer):
    """Measures the first convolution."""
    return solution.gradient_magnitude(model, x, y, solution.first_last_conv(model)[0])
