"""Known-wrong implementations: the network of table 1."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a3_augmentation import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="build_penn_net", hint="table 1 averages: AveragePooling2D")
def max_pooling(num_classes=10):
    """Max instead of average pooling."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="BatchNormalization comes before the ReLU")
def relu_before_batch_norm(num_classes=10):
    """ReLU before BatchNorm."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.ReLU()(x)
        x = layers.BatchNormalization()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="the convolutions have 32, 32 and 64 filters")
def wide_second_layer(num_classes=10):
    """Filters 32,64,64."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 64, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="the kernels are 5x5")
def three_by_three(num_classes=10):
    """3×3 kernels."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="the dense layer of 64 is also followed by BatchNormalization and ReLU")
def dense_layer_not_normalised(num_classes=10):
    """No BatchNorm on the FC layer."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="return logits: the loss applies the softmax")
def softmax_in_the_model(num_classes=10):
    """Softmax inside the model."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes, activation="softmax")(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="padding 'same': the maps shrink 32, 16, 8, 4 by pooling alone")
def valid_convolutions(num_classes=10):
    """Valid convolutions."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="valid")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="the first dense layer has 64 units")
def half_the_dense_layer(num_classes=10):
    """FC width 32."""
    x = inp = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(32)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    out = layers.Dense(num_classes)(x)
    return keras.Model(inp, out)


@mutant(of="build_penn_net", hint="the number of classes is an argument")
def always_ten_classes(num_classes=10):
    """Ignores num_classes."""
    return solution.build_penn_net()


@mutant(of="build_penn_net", hint="a ReLU follows every BatchNormalization, the one of the dense layer included")
def dense_layer_without_relu(num_classes=10):
    """Leaves out the ReLU after the dense layer."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.Conv2D(filters, 5, padding="same")(x)
        x = layers.AveragePooling2D(2)(layers.ReLU()(layers.BatchNormalization()(x)))
    x = layers.BatchNormalization()(layers.Dense(64)(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@mutant(of="build_penn_net", hint="BatchNormalization keeps Keras's default epsilon")
def another_epsilon(num_classes=10):
    """Gives BatchNormalization the epsilon of another library."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.BatchNormalization(epsilon=1e-5)(layers.Conv2D(filters, 5, padding="same")(x))
        x = layers.AveragePooling2D(2)(layers.ReLU()(x))
    x = layers.BatchNormalization(epsilon=1e-5)(layers.Dense(64)(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(num_classes)(layers.ReLU()(x)))


@mutant(of="build_penn_net", hint="every kernel is trained: nothing is frozen")
def frozen_first_layer(num_classes=10):
    """Freezes the first convolution."""
    model = solution.build_penn_net(num_classes)
    model.layers[1].trainable = False
    return model


@mutant(of="build_penn_net", hint="the maps are flattened (4 x 4 x 64 = 1024 numbers), not averaged")
def averages_the_maps(num_classes=10):
    """Ends in a global average instead of flattening."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (32, 32, 64):
        x = layers.BatchNormalization()(layers.Conv2D(filters, 5, padding="same")(x))
        x = layers.AveragePooling2D(2)(layers.ReLU()(x))
    x = layers.BatchNormalization()(layers.Dense(64)(layers.GlobalAveragePooling2D()(x)))
    return keras.Model(inputs, layers.Dense(num_classes)(layers.ReLU()(x)))
