"""Known-wrong implementations: the fractal block."""

import keras
from keras import layers

from autograder.course.bank import Bank
from solutions.a5_twenty_more_layers import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="fractal_block", hint="a join is the mean of what meets there: sums would grow from block to block")
def joins_by_sum(x, filters, columns=3, kernel_size=5):
    """Adds at the joins."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def outputs(z, count):
        if count == 1:
            return [convolve(z)]
        inner = outputs(z, count - 1)
        return [convolve(z), *outputs(layers.Add()(inner) if count > 2 else inner[0], count - 1)]

    last = outputs(x, columns)
    return layers.Add()(last) if columns > 1 else last[0]


@mutant(
    of="fractal_block",
    hint="joins at the same place are one join: at the end all three columns weigh the same (see the figure)",
)
def nested_means_of_two(x, filters, columns=3, kernel_size=5):
    """Takes the mean of two, and of two again: the columns weigh 1/2, 1/4, 1/4."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def block(z, count):
        if count == 1:
            return convolve(z)
        return layers.Average()([convolve(z), block(block(z, count - 1), count - 1)])

    return block(x, columns)


@mutant(of="fractal_block", hint="columns two and three meet at half the depth, and both go on from the mean")
def no_join_in_the_middle(x, filters, columns=3, kernel_size=5):
    """Has columns of one, two and four convolutions that meet at the end only."""
    ends = []
    for column in range(columns):
        z = x
        for _ in range(2**column):
            z = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(
                z
            )
        ends.append(z)
    return layers.Average()(ends) if columns > 1 else ends[0]


@mutant(of="fractal_block", hint="a join keeps the number of channels: take the mean, element by element")
def joins_by_concatenation(x, filters, columns=3, kernel_size=5):
    """Puts channels beside each other at the joins."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="a new column doubles the depth: one, two and four convolutions, seven in all")
def columns_one_two_three_deep(x, filters, columns=3, kernel_size=5):
    """Has columns of one, two and three convolutions."""
    ends = []
    for column in range(columns):
        z = x
        for _ in range(column + 1):
            z = layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(
                z
            )
        ends.append(z)
    return layers.Average()(ends) if columns > 1 else ends[0]


@mutant(of="fractal_block", hint="a join is a mean, not the largest: every column must get its share of the gradient")
def joins_by_maximum(x, filters, columns=3, kernel_size=5):
    """Takes the largest at the joins."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.Maximum()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="every box of the figure is a convolution and a ReLU: yours returns negative numbers")
def no_relu(x, filters, columns=3, kernel_size=5):
    """Has convolutions without ReLU."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.Average()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="the order is convolution, ReLU, join: what is averaged has been rectified before")
def relu_after_the_join(x, filters, columns=3, kernel_size=5):
    """Averages first and rectifies the mean."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.ReLU()(layers.Average()(outputs) if len(outputs) > 1 else outputs[0])

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(
    of="fractal_block", hint="fifteen convolutions are a block of four columns, as in the paper: here are `columns`"
)
def one_column_more(x, filters, columns=3, kernel_size=5):
    """Builds the four columns of the paper's figure."""
    return solution.fractal_block(x, filters, columns + 1, kernel_size)


@mutant(
    of="fractal_block",
    hint="Keras's default initialiser halves the signal's variance at every ReLU, and the means shrink it further",
)
def default_initialiser(x, filters, columns=3, kernel_size=5):
    """Keeps the default, Glorot's initialiser."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu")(z)

    def join(outputs):
        return layers.Average()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="the convolutions have biases in this course: leave use_bias as it is")
def without_biases(x, filters, columns=3, kernel_size=5):
    """Switches the biases off."""

    def convolve(z):
        made = layers.Conv2D(filters, kernel_size, padding="same", use_bias=False, kernel_initializer="he_normal")
        return layers.ReLU()(made(z))

    def join(outputs):
        return layers.Average()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="kernel_size is an argument: 5 is only its default")
def always_five_by_five(x, filters, columns=3, kernel_size=5):
    """Ignores kernel_size."""
    return solution.fractal_block(x, filters, columns, 5)


@mutant(of="fractal_block", hint="columns is an argument: 3 is only its default; a recursion serves them all")
def always_three_columns(x, filters, columns=3, kernel_size=5):
    """Ignores columns."""
    return solution.fractal_block(x, filters, 3, kernel_size)


@mutant(of="fractal_block", hint="no dropout and no drop-path here: the block does the same in training")
def with_dropout(x, filters, columns=3, kernel_size=5):
    """Drops a quarter of the result in training."""
    return layers.Dropout(0.25)(solution.fractal_block(x, filters, columns, kernel_size))


@mutant(of="fractal_block", hint="the two smaller fractals in a row have weights of their own: make new layers")
def halves_share_their_weights(x, filters, columns=3, kernel_size=5):
    """Uses the layers of the first half again in the second half."""
    made = {}

    def convolve(z, count):
        if count not in made:
            made[count] = layers.Conv2D(
                filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal"
            )
        return made[count](z)

    def join(outputs):
        return layers.Average()(outputs) if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        own = [convolve(z, count)]
        return own + outputs(join(outputs(z, count - 1)), count - 1) if count > 1 else own

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="three tensors meet at the end, and two in the middle: divide by how many there are")
def always_halves(x, filters, columns=3, kernel_size=5):
    """Divides every sum by two, also that of three."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    def join(outputs):
        return layers.Add()(outputs) / 2 if len(outputs) > 1 else outputs[0]

    def outputs(z, count):
        return [convolve(z), *outputs(join(outputs(z, count - 1)), count - 1)] if count > 1 else [convolve(z)]

    return join(outputs(x, columns))


@mutant(of="fractal_block", hint="the question is what depth does without BatchNormalization: leave it out")
def with_batch_normalization(x, filters, columns=3, kernel_size=5):
    """Normalises the result over the batch."""
    return layers.BatchNormalization()(solution.fractal_block(x, filters, columns, kernel_size))


@mutant(of="fractal_block", hint="x itself takes no part in the joins: this is a fractal, not a residual block")
def adds_the_input(x, filters, columns=3, kernel_size=5):
    """Adds x to the result."""
    return keras.ops.relu(x + solution.fractal_block(x, filters, columns, kernel_size))


@mutant(of="fractal_block", hint="after the middle only column three goes on in your block: all that met there go on")
def second_column_goes_past_the_join(x, filters, columns=3, kernel_size=5):
    """Lets column two go on from its own output instead of from the join."""

    def convolve(z):
        return layers.Conv2D(filters, kernel_size, padding="same", activation="relu", kernel_initializer="he_normal")(z)

    if columns != 3:
        return solution.fractal_block(x, filters, columns, kernel_size)
    short, middle, deep = convolve(x), convolve(x), convolve(convolve(x))
    deep = convolve(convolve(layers.Average()([middle, deep])))
    return layers.Average()([short, convolve(middle), deep])


@mutant(of="fractal_block", hint="kernel_size counts for every number of columns, not for three alone")
def five_by_five_unless_three_columns(x, filters, columns=3, kernel_size=5):
    """Ignores kernel_size when there are more or fewer columns than three."""
    return solution.fractal_block(x, filters, columns, kernel_size if columns == 3 else 5)
