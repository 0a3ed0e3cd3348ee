"""Known-wrong implementations: the residual block."""

import keras
from keras import layers

from autograder.course.bank import Bank

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="residual_block",
    hint="compare with the figure: the sum comes first, the ReLU after it, so that F(x) may be negative",
)
def adds_after_the_second_relu(x, filters, kernel_size=5):
    """Adds x to a rectified F(x) and leaves the sum alone, as the author's own code did."""
    h = x
    for size in (kernel_size, kernel_size):
        h = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(h)
    return layers.Add()([h, x])


@mutant(of="residual_block", hint="something is missing after the addition: can your block's output be below 0?")
def no_relu_after_the_sum(x, filters, kernel_size=5):
    """Returns the sum itself."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.Add()([h, x])


@mutant(of="residual_block", hint="F(x) must be able to subtract from x: what does it pass before the sum?")
def three_relus(x, filters, kernel_size=5):
    """Has a ReLU on F(x) and another one after the sum."""
    h = x
    for size in (kernel_size, kernel_size):
        h = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="the skip carries the block's own input, x itself, not what a layer made of it")
def skips_the_second_convolution_only(x, filters, kernel_size=5):
    """Adds the output of the first convolution instead of x."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    g = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([g, h]))


@mutant(of="residual_block", hint="the sum is a sum: with all kernels 0 the block must return x, not half of it")
def averages(x, filters, kernel_size=5):
    """Averages x and F(x)."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Average()([h, x]))


@mutant(of="residual_block", hint="the block keeps the number of channels: x is added, not put beside F(x)")
def concatenates(x, filters, kernel_size=5):
    """Puts x beside F(x) as further channels."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Concatenate()([h, x]))


@mutant(of="residual_block", hint="two convolutions in a row without anything between them are one convolution")
def no_relu_inside(x, filters, kernel_size=5):
    """Has no ReLU between the convolutions."""
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="the question is what depth does without BatchNormalization: leave it out")
def with_batch_normalization(x, filters, kernel_size=5):
    """Normalises F(x) over the batch."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    h = layers.BatchNormalization()(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="two convolutions in a row, and where is x? nothing leads past them")
def no_skip(x, filters, kernel_size=5):
    """Is two plain layers."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(h)


@mutant(of="residual_block", hint="Keras's default initialiser halves the signal's variance at every ReLU: choose He's")
def default_initialiser(x, filters, kernel_size=5):
    """Keeps the default, Glorot's initialiser."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="the convolutions have biases in this course: leave use_bias as it is")
def without_biases(x, filters, kernel_size=5):
    """Switches the biases off, as the author's code did."""
    h = layers.Conv2D(filters, kernel_size, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    h = layers.ReLU()(h)
    h = layers.Conv2D(filters, kernel_size, padding="same", use_bias=False, kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="kernel_size is an argument: 5 is only its default")
def always_five_by_five(x, filters, kernel_size=5):
    """Ignores kernel_size."""
    h = layers.Conv2D(filters, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, 5, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="nothing is dropped in this block, in training neither")
def with_dropout(x, filters, kernel_size=5):
    """Drops a quarter of F(x) in training."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([layers.Dropout(0.25)(h), x]))


@mutant(of="residual_block", hint="the two convolutions need weights of their own: make two layers")
def one_layer_used_twice(x, filters, kernel_size=5):
    """Applies one convolution twice."""
    convolve = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")
    return layers.ReLU()(layers.Add()([convolve(layers.ReLU()(convolve(x))), x]))


@mutant(of="residual_block", hint="x has the right number of channels already: nothing stands on the skip")
def convolution_on_the_skip(x, filters, kernel_size=5):
    """Sends x through a 1x1 convolution before it is added."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    skip = layers.Conv2D(filters, 1, kernel_initializer="he_normal")(x)
    return layers.ReLU()(layers.Add()([h, skip]))


@mutant(of="residual_block", hint="convolution first, then ReLU: this is the later 'pre-activation' order")
def relu_before_each_convolution(x, filters, kernel_size=5):
    """Puts each ReLU before its convolution and none after the sum."""
    h = x
    for size in (kernel_size, kernel_size):
        h = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(layers.ReLU()(h))
    return layers.Add()([h, x])


@mutant(of="residual_block", hint="the sum must have the shape of x: which padding keeps height and width?")
def no_padding(x, filters, kernel_size=5):
    """Convolves without padding, so that the shapes no longer fit."""
    h = layers.Conv2D(filters, kernel_size, activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="three convolutions were counted: the block has two")
def three_convolutions(x, filters, kernel_size=5):
    """Has one convolution too many."""
    h = x
    for size in (kernel_size, kernel_size):
        h = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(h)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(layers.Add()([h, x]))


@mutant(of="residual_block", hint="the skip carries x as it is; a negative x must still be able to lower the sum")
def relu_on_the_skip(x, filters, kernel_size=5):
    """Rectifies x before it is added."""
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(h)
    return layers.ReLU()(keras.ops.relu(x) + h)


@mutant(of="residual_block", hint="a leaky ReLU lets negative numbers through: the block has ordinary ReLUs")
def leaky(x, filters, kernel_size=5):
    """Uses leaky ReLUs."""
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(layers.LeakyReLU(0.2)(h))
    return layers.LeakyReLU(0.2)(layers.Add()([h, x]))


@mutant(of="residual_block", hint="initial weights that are this large or small: He's spread is sqrt(2 / fan-in)")
def fixed_spread(x, filters, kernel_size=5):
    """Draws weights with a standard deviation of 1, whatever the fan-in."""
    draw = keras.initializers.RandomNormal(stddev=1.0)
    h = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer=draw)(x)
    h = layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer=draw)(h)
    return layers.ReLU()(layers.Add()([h, x]))
