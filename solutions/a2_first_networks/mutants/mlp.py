"""Known-wrong implementations: the perceptron with one hidden layer."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="build_mlp", hint="a model returns logits: softmax belongs to the loss, once")
def softmax_output(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Ends in softmax."""
    model = solution.build_mlp(input_shape, hidden, num_classes, dropout)
    return keras.Model(model.inputs, layers.Softmax()(model.outputs[0]))


@mutant(of="build_mlp", hint="none of your logits is negative: the last layer is linear")
def relu_on_the_logits(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Puts a ReLU on the logits."""
    model = solution.build_mlp(input_shape, hidden, num_classes, dropout)
    return keras.Model(model.inputs, layers.ReLU()(model.outputs[0]))


@mutant(of="build_mlp", hint="without a nonlinearity between them, two dense layers are one linear map")
def no_hidden_activation(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Forgets the ReLU."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden)(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="a dense layer acts on the last axis alone: (28, 28) must become 784 first")
def forgets_to_flatten(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Applies the dense layers to the last axis."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu")(inputs)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="0.25 means that a quarter is dropped: Keras takes that number as it is")
def keep_probability(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Takes the rate for the probability to keep."""
    return solution.build_mlp(input_shape, hidden, num_classes, 1 - dropout if dropout else 0.0)


@mutant(of="build_mlp", hint="you drop inputs: the hidden units are to be dropped, just before the last layer")
def drops_inputs(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Drops input pixels instead of hidden units."""
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    if dropout:
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(hidden, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="call your model twice: dropout must stop at test time, so do not fix training=True")
def dropout_always_on(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Bakes training=True into the dropout."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu")(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x, training=True)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="use the argument hidden: 100 is only its default")
def hidden_is_always_100(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Ignores the argument hidden."""
    return solution.build_mlp(input_shape, 100, num_classes, dropout)


@mutant(of="build_mlp", hint="use the argument num_classes: 10 is only its default")
def ten_classes_always(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Ignores the argument num_classes."""
    return solution.build_mlp(input_shape, hidden, 10, dropout)


@mutant(of="build_mlp", hint="the hidden activation is ReLU: yours is bounded")
def sigmoid_units(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Uses sigmoid units."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="sigmoid")(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="count your dense layers: there is one hidden layer, then the logits")
def two_hidden_layers(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Has a hidden layer too many."""
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    for _ in (1, 2):
        x = layers.Dense(hidden, activation="relu")(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="both dense layers have a bias: 79,510 parameters count them")
def no_biases(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Leaves the biases out."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu", use_bias=False)(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes, use_bias=False)(x))


@mutant(of="build_mlp", hint="dropout=0.0 asks for none, but some of your units are dropped in training")
def dropout_even_for_zero(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Drops half of the units when no dropout is asked for."""
    return solution.build_mlp(input_shape, hidden, num_classes, dropout or 0.5)


@mutant(of="build_mlp", hint="nothing is dropped in training: the argument dropout has no effect yet")
def no_dropout_at_all(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Ignores the argument dropout."""
    return solution.build_mlp(input_shape, hidden, num_classes)


@mutant(of="build_mlp", hint="you drop logits: drop hidden units, and let every class keep its logit")
def drops_logits(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Drops logits."""
    model = solution.build_mlp(input_shape, hidden, num_classes)
    return keras.Model(model.inputs, layers.Dropout(dropout)(model.outputs[0]))


@mutant(of="build_mlp", hint="only flatten, dense, ReLU, dropout, dense: BatchNormalization is not among them")
def with_batch_normalization(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Adds BatchNormalization."""
    inputs = keras.Input(input_shape)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(hidden)(layers.Flatten()(inputs))))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="use the argument input_shape: (28, 28) is only its default")
def images_of_28_by_28_always(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Ignores the argument input_shape."""
    return solution.build_mlp((28, 28), hidden, num_classes, dropout)


@mutant(of="build_mlp", hint="preparing the images is not the model's business: no rescaling inside")
def rescales_inside(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Divides the images by 255 inside the model."""
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(hidden, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="one dropout is enough: your hidden units pass through two")
def dropout_twice(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Applies dropout twice to the hidden units."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu")(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(layers.Dropout(dropout)(x))
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="every layer learns: leave trainable as it is", trained=True)
def frozen_hidden_layer(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Freezes the hidden layer."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu", trainable=False)(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_mlp", hint="units that begin alike stay alike: weights must not all begin at zero", trained=True)
def begins_at_zero(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Initialises every kernel with zeros."""
    inputs = keras.Input(input_shape)
    x = layers.Dense(hidden, activation="relu", kernel_initializer="zeros")(layers.Flatten()(inputs))
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes, kernel_initializer="zeros")(x))
