"""Known-wrong implementations: the ConvNet of two blocks."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(
    of="build_convnet", hint="your maps keep their size, and the dense layer explodes: the pooling window moves by 2"
)
def pools_with_stride_1(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Pools with stride 1."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="a convolution without a nonlinearity behind it is a linear map: add ReLU")
def no_relu(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Forgets the ReLU after both convolutions."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="the pooling takes the largest of four values, not their mean")
def pools_by_the_mean(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Pools by the mean."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.AveragePooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="your convolutions lose the border: 'same' padding keeps 28 at 28")
def valid_padding(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Convolves without padding."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="both convolutions have the same number of filters: do not double it")
def doubles_the_filters(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Gives the second convolution twice as many filters."""
    x = inputs = keras.Input(input_shape)
    for count in (filters, 2 * filters):
        x = layers.MaxPooling2D(2)(layers.Conv2D(count, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="a model returns logits: softmax belongs to the loss, once")
def softmax_output(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Ends in softmax."""
    model = solution.build_convnet(input_shape, filters, num_classes, dropout)
    return keras.Model(model.inputs, layers.Softmax()(model.outputs[0]))


@mutant(of="build_convnet", hint="count the parameters of your kernels: they should see 3 x 3 pixels")
def five_by_five(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Uses 5 x 5 kernels."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 5, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="each of the two blocks ends in a dropout; you have one, at the very end")
def one_dropout_at_the_end(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Has one dropout, after flattening."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    x = layers.Flatten()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_convnet", hint="28 becomes 14 and then 7: there are two blocks")
def one_block(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Has one block only."""
    inputs = keras.Input(input_shape)
    x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="four values are dropped before the largest is taken: drop after the pooling")
def drops_before_pooling(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Drops before the pooling."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
        x = layers.MaxPooling2D(2)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="whole channels vanish at once: each value is to be dropped by itself")
def drops_whole_channels(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Drops whole channels."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.SpatialDropout2D(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="0.25 means that a quarter is dropped: Keras takes that number as it is")
def keep_probability(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Takes the rate for the probability to keep."""
    return solution.build_convnet(input_shape, filters, num_classes, 1 - dropout if dropout else 0.0)


@mutant(of="build_convnet", hint="call your model twice: dropout must stop at test time, so do not fix training=True")
def dropout_always_on(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Bakes training=True into the dropouts."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x, training=True)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="the dense layer sees every place of the map: flatten, do not average over places")
def averages_over_the_map(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Averages over the map instead of flattening."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.GlobalAveragePooling2D()(x)))


@mutant(of="build_convnet", hint="use the argument filters: 20 is only its default")
def twenty_filters_always(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Ignores the argument filters."""
    return solution.build_convnet(input_shape, 20, num_classes, dropout)


@mutant(of="build_convnet", hint="use the argument num_classes: 10 is only its default")
def ten_classes_always(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Ignores the argument num_classes."""
    return solution.build_convnet(input_shape, filters, 10, dropout)


@mutant(of="build_convnet", hint="nothing is dropped in training: the argument dropout has no effect yet")
def no_dropout_at_all(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Ignores the argument dropout."""
    return solution.build_convnet(input_shape, filters, num_classes)


@mutant(of="build_convnet", hint="the first block has its dropout, the second has none: both need one")
def only_the_first_dropout(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Leaves the dropout of the second block out."""
    x = inputs = keras.Input(input_shape)
    for block in range(2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout and not block:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="there is no hidden dense layer: the flattened maps lead straight to the logits")
def a_hidden_dense_layer(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Adds a dense layer before the logits."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    x = layers.Dense(100, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_convnet", hint="none of your logits is negative: the last layer is linear")
def relu_on_the_logits(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Puts a ReLU on the logits."""
    model = solution.build_convnet(input_shape, filters, num_classes, dropout)
    return keras.Model(model.inputs, layers.ReLU()(model.outputs[0]))


@mutant(of="build_convnet", hint="every layer learns: leave trainable as it is", trained=True)
def frozen_convolutions(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Freezes both convolutions."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", trainable=False)(x)
        x = layers.MaxPooling2D(2)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="units that begin alike stay alike: weights must not all begin at zero", trained=True)
def begins_at_zero(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Initialises every convolution with zeros."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="zeros")(x)
        x = layers.MaxPooling2D(2)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="convolutions move by 1 here; the pooling alone halves the map")
def strided_convolutions(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Convolves with stride 2 and pools with stride 1."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@mutant(of="build_convnet", hint="the second convolution has its ReLU, the first has none: both need one")
def no_first_relu(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Forgets the ReLU of the first block."""
    x = inputs = keras.Input(input_shape)
    for activation in (None, "relu"):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation=activation)(x))
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))
