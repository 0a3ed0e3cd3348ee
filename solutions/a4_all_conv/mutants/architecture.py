"""Known-wrong implementations: the all-convolutional net."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a4_all_conv import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="build_all_conv", hint="logits must be able to be negative: no ReLU after the last 1x1 convolution")
def relu_on_the_last_convolution(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Puts a ReLU on the last convolution, as the printed table says."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.ReLU()(layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x))
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(
    of="build_all_conv",
    hint="no fully connected layer here: a 1x1 convolution gives a map for each class, and its average is the logit",
)
def dense_head(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Ends in Flatten and Dense."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    out = layers.Dense(num_classes)(layers.Flatten()(x))
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="the pools of table 2 are 3x3 with stride 2: their windows overlap")
def pools_two_by_two(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Pools 2x2 windows."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="after the first pool the layers are twice as wide")
def never_doubles_the_width(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Makes all layers equally wide."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, width, 3)
    x = conv(x, width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="the last two convolutions are 1x1")
def three_by_three_throughout(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Uses 3x3 where a 1x1 convolution belongs."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 3)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="the maps are averaged at the end, not searched for their maximum")
def global_max_pooling(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Ends in a global maximum."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalMaxPooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="with batch_norm=False there must be no BatchNormalization")
def ignores_the_batch_norm_flag(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Normalises always."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if True:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="return logits: the loss applies the softmax itself")
def softmax_inside(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Returns probabilities."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, layers.Softmax()(out))


@mutant(of="build_all_conv", hint="the order is convolution, BatchNormalization, ReLU")
def batch_norm_after_relu(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Normalises after the ReLU."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="he_normal")(x)
        x = layers.ReLU()(x)
        return layers.BatchNormalization()(x) if batch_norm else x

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="he_normal")(x)
    out = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inp, out)


@mutant(of="build_all_conv", hint="the number of classes is an argument: use it in the last convolution")
def always_ten_classes(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Ignores num_classes."""
    return solution.build_all_conv(width, 10, batch_norm, input_shape)


@mutant(of="build_all_conv", hint="the shape of the images is an argument: give it to keras.Input")
def always_cifar_shape(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Ignores input_shape."""
    return solution.build_all_conv(width, num_classes, batch_norm, (32, 32, 3))


@mutant(of="build_all_conv", hint="called without arguments, the first layers have 96 channels")
def half_the_width(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Takes at most 64 channels."""
    return solution.build_all_conv(min(width, 64), num_classes, batch_norm, input_shape)


@mutant(of="build_all_conv", hint="every convolution keeps the size of its maps: padding 'same'")
def valid_convolutions(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Uses convolutions without padding."""
    x = inputs = keras.Input(input_shape)
    for number, (filters, size) in enumerate([(width, 3)] * 3 + [(2 * width, 3)] * 4 + [(2 * width, 1)]):
        x = layers.Conv2D(filters, size, kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization()(x) if batch_norm else x
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x) if number in (2, 5) else x
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_all_conv", hint="one of the convolutions is missing: nine in all, 3, 3 and 3 around the two pools")
def eight_convolutions(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Leaves one convolution out."""
    x = inputs = keras.Input(input_shape)
    for number, (filters, size) in enumerate([(width, 3)] * 2 + [(2 * width, 3)] * 4 + [(2 * width, 1)]):
        x = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization()(x) if batch_norm else x
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x) if number in (1, 4) else x
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(
    of="build_all_conv",
    hint="without a ReLU after each of the first eight convolutions the network is linear between its pools",
)
def no_relu(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Forgets the ReLUs."""
    x = inputs = keras.Input(input_shape)
    for number, (filters, size) in enumerate([(width, 3)] * 3 + [(2 * width, 3)] * 4 + [(2 * width, 1)]):
        x = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(x)
        x = layers.BatchNormalization()(x) if batch_norm else x
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x) if number in (2, 5) else x
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(
    of="build_all_conv",
    hint="with batch_norm=True each of the first eight convolutions is followed by BatchNormalization",
)
def never_normalises(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Leaves BatchNormalization out."""
    return solution.build_all_conv(width, num_classes, False, input_shape)


@mutant(of="build_all_conv", hint="the last convolution makes the logits: no BatchNormalization there")
def normalises_the_logits(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Normalises after the last convolution, too."""
    model = solution.build_all_conv(width, num_classes, batch_norm, input_shape)
    x = layers.BatchNormalization()(model.layers[-2].output) if batch_norm else model.layers[-2].output
    return keras.Model(model.inputs, layers.GlobalAveragePooling2D()(x))


@mutant(of="build_all_conv", hint="every layer must be able to learn: leave trainable as it is")
def frozen(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Freezes all layers, as one does with a network trained elsewhere."""
    model = solution.build_all_conv(width, num_classes, batch_norm, input_shape)
    model.trainable = False
    return model


@mutant(
    of="build_all_conv",
    hint="with BatchNormalization, too, the last convolution makes as many maps as there are classes",
)
def ten_classes_when_normalised(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Uses the number of classes only without BatchNormalization."""
    return solution.build_all_conv(width, 10 if batch_norm else num_classes, batch_norm, input_shape)


@mutant(of="build_all_conv", hint="units that begin alike stay alike: weights must not all begin at zero", trained=True)
def begins_at_zero(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    """Initialises every convolution with zeros."""

    def conv(x, filters, k):
        x = layers.Conv2D(filters, k, padding="same", kernel_initializer="zeros")(x)
        if batch_norm:
            x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    x = inp = keras.Input(input_shape)
    for _ in range(3):
        x = conv(x, width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for _ in range(3):
        x = conv(x, 2 * width, 3)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = conv(x, 2 * width, 3)
    x = conv(x, 2 * width, 1)
    x = layers.Conv2D(num_classes, 1, kernel_initializer="zeros")(x)
    return keras.Model(inp, layers.GlobalAveragePooling2D()(x))
