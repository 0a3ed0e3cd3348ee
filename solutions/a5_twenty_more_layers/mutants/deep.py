"""Known-wrong implementations: the plain, the residual and the fractal network."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a5_twenty_more_layers import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="build_deep", hint="all BatchNormalization was removed from table 2 for this experiment: leave it out")
def with_batch_normalization(kind, width=16, n_extra=20, num_classes=10):
    """Keeps BatchNormalization in the later layers."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x) if number > 2 else x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="n_extra counts convolutions, and a residual block has two of them")
def twenty_residual_blocks(kind, width=16, n_extra=20, num_classes=10):
    """Builds one residual block for each extra layer."""
    return solution.build_deep(kind, width, 2 * n_extra if kind == "residual" else n_extra, num_classes)


@mutant(of="build_deep", hint="the longest path through a block is four convolutions: how many blocks make n_extra?")
def too_few_fractal_blocks(kind, width=16, n_extra=20, num_classes=10):
    """Divides the depth by five."""
    return solution.build_deep(kind, width, n_extra // 5 * 4 if kind == "fractal" else n_extra, num_classes)


@mutant(of="build_deep", hint="one skip around all layers helps little: divide them into blocks of two")
def one_long_skip(kind, width=16, n_extra=20, num_classes=10):
    """Has one skip around all the extra layers."""
    if kind != "residual":
        return solution.build_deep(kind, width, n_extra, num_classes)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        if number == 0:
            skip = x
            for _ in range(n_extra):
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            x = layers.Add()([x, skip])
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="the extra layers work at full resolution, 32 x 32: before anything is pooled")
def after_the_first_pool(kind, width=16, n_extra=20, num_classes=10):
    """Pools before the extra layers."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        if number in (0, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(
    of="build_deep", hint="the extra kernels are 5x5, those of the base 3x3: how many 5x5 kernels has your plain net?"
)
def three_by_three(kind, width=16, n_extra=20, num_classes=10):
    """Uses 3x3 kernels for the plain extra layers."""
    if kind != "plain":
        return solution.build_deep(kind, width, n_extra, num_classes)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range(n_extra if number == 0 else 0):
            x = layers.Conv2D(width, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="count the extra convolutions of your plain net: there should be exactly n_extra")
def one_layer_short(kind, width=16, n_extra=20, num_classes=10):
    """Builds one plain layer too few."""
    return solution.build_deep(kind, width, n_extra - 1 if kind == "plain" else n_extra, num_classes)


@mutant(of="build_deep", hint="the nine convolutions of the base all stay: the extra ones come in addition")
def replaces_the_second_convolution(kind, width=16, n_extra=20, num_classes=10):
    """Puts the extra layers in the place of the second convolution."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        if number != 1:
            x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="num_classes is an argument: 10 is only its default")
def always_ten_classes(kind, width=16, n_extra=20, num_classes=10):
    """Ignores num_classes."""
    return solution.build_deep(kind, width, n_extra)


@mutant(of="build_deep", hint="n_extra is an argument: 20 is only its default")
def always_twenty(kind, width=16, n_extra=20, num_classes=10):
    """Ignores n_extra."""
    return solution.build_deep(kind, width, 20, num_classes)


@mutant(of="build_deep", hint="an unknown kind must raise ValueError, not pass for one that you know")
def takes_the_rest_for_fractal(kind, width=16, n_extra=20, num_classes=10):
    """Builds a fractal network for every other kind."""
    return solution.build_deep(kind if kind in ("plain", "residual") else "fractal", width, n_extra, num_classes)


@mutant(of="build_deep", hint="the nine convolutions of the base start from He's initialiser, too")
def glorot_base(kind, width=16, n_extra=20, num_classes=10):
    """Draws the base with the default initialiser."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="the network ends in logits: the loss of this course applies the softmax itself")
def returns_probabilities(kind, width=16, n_extra=20, num_classes=10):
    """Ends in a softmax."""
    model = solution.build_deep(kind, width, n_extra, num_classes)
    return keras.Model(model.input, layers.Softmax()(model.output))


@mutant(of="build_deep", hint="logits may be negative: the last convolution has no ReLU after it")
def relu_on_the_logits(kind, width=16, n_extra=20, num_classes=10):
    """Has a ReLU after the last convolution."""
    model = solution.build_deep(kind, width, n_extra, num_classes)
    return keras.Model(model.input, layers.GlobalAveragePooling2D()(layers.ReLU()(model.layers[-1].input)))


@mutant(of="build_deep", hint="nothing is dropped in this network, in training neither")
def with_dropout(kind, width=16, n_extra=20, num_classes=10):
    """Drops some of the last maps in training."""
    model = solution.build_deep(kind, width, n_extra, num_classes)
    return keras.Model(model.input, layers.GlobalAveragePooling2D()(layers.Dropout(0.25)(model.layers[-1].input)))


@mutant(of="build_deep", hint="after the first pool the layers are twice as wide")
def one_width(kind, width=16, n_extra=20, num_classes=10):
    """Gives every layer of the base the same width."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        size = 3 if number < 7 else 1
        x = layers.Conv2D(width, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="the pools have windows of 3 x 3 and stride 2: they overlap")
def two_by_two_pools(kind, width=16, n_extra=20, num_classes=10):
    """Pools over 2 x 2 windows."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(2)(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="each of the extra layers of the plain net has its own ReLU, as all the others have")
def linear_extra_layers(kind, width=16, n_extra=20, num_classes=10):
    """Forgets the ReLU in the plain extra layers."""
    if kind != "plain":
        return solution.build_deep(kind, width, n_extra, num_classes)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range(n_extra if number == 0 else 0):
            x = layers.Conv2D(width, 5, padding="same", kernel_initializer="he_normal")(x)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="look at the initial biases: a unit that is never active has no gradient", trained=True)
def dead_from_the_start(kind, width=16, n_extra=20, num_classes=10):
    """Starts with biases so far below 0 that no unit of the first layer is ever active."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        low = keras.initializers.Constant(-50.0 if number == 0 else 0.0)
        x = layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal", bias_initializer=low)(x)
        x = layers.ReLU()(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 0)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="the extra layers come after the first convolution, before the second")
def after_the_second_convolution(kind, width=16, n_extra=20, num_classes=10):
    """Puts the extra layers one convolution too late."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range({"plain": n_extra, "residual": n_extra // 2, "fractal": n_extra // 4}[kind] * (number == 1)):
            if kind == "plain":
                x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            else:
                x = solution.residual_block(x, width) if kind == "residual" else solution.fractal_block(x, width)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="the extra layers must learn: something in your network is frozen")
def frozen_extra_layers(kind, width=16, n_extra=20, num_classes=10):
    """Freezes every 5x5 convolution."""
    model = solution.build_deep(kind, width, n_extra, num_classes)
    for layer in model.layers:
        if getattr(layer, "kernel_size", None) == (5, 5):
            layer.trainable = False
    return model


@mutant(of="build_deep", hint="'plain', 'residual' and 'fractal' are three networks: look at how you tell them apart")
def always_plain(kind, width=16, n_extra=20, num_classes=10):
    """Builds the plain network for every kind it knows."""
    if kind not in ("plain", "residual", "fractal"):
        raise ValueError(kind)
    return solution.build_deep("plain", width, n_extra, num_classes)


@mutant(of="build_deep", hint="your fractal blocks have the right size, but nothing joins in their middle")
def fractals_without_middle_joins(kind, width=16, n_extra=20, num_classes=10):
    """Builds blocks of its own, whose columns meet at the end only."""
    if kind != "fractal":
        return solution.build_deep(kind, width, n_extra, num_classes)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range(n_extra // 4 if number == 0 else 0):
            ends = [x, x, x]
            for column, length in enumerate((1, 2, 4)):
                for _ in range(length):
                    ends[column] = layers.Conv2D(
                        width, 5, padding="same", activation="relu", kernel_initializer="he_normal"
                    )(ends[column])
            x = layers.Average()(ends)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))


@mutant(of="build_deep", hint="between the extra layers of the plain net nothing is dropped, in training neither")
def dropout_in_the_plain_part(kind, width=16, n_extra=20, num_classes=10):
    """Drops some maps of the plain extra layers in training."""
    if kind != "plain":
        return solution.build_deep(kind, width, n_extra, num_classes)
    x = inputs = keras.Input((32, 32, 3))
    for number in range(8):
        filters, size = width if number < 3 else 2 * width, 3 if number < 7 else 1
        x = layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        for _ in range(n_extra * (number == 0)):
            x = layers.Conv2D(width, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
            x = layers.Dropout(0.2)(x)
        if number in (2, 5):
            x = layers.MaxPooling2D(3, 2, "same")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(num_classes, 1)(x)))
