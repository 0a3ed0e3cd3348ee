# %% [markdown]
# # A5 · Twenty more layers
#
# Deeper is better, they say. So we take the all-convolutional net of the last assignment and put twenty more
# convolutions into it. In the homework it stopped learning: not a little worse, but *nothing*, chance for ten classes.
#
# The riddle of 2015 was a milder case of the same. With good initial weights and batch normalisation, plain networks of
# 56 layers did train, and still ended with a higher *training* error than those of 20. That is no overfitting; the
# paper calls it **degradation**. Our networks have no batch normalisation, and can fail more thoroughly.
#
# Two cures were found. A **residual** block lets the signal walk around its convolutions. A **fractal** block offers
# short and long paths side by side and takes their mean. You build both, and you find out what exactly had gone wrong.
# Careful: the usual explanation, "the gradient vanishes", is only half of the story, and your own measurements will
# show it.
#
# **How to work.** Replace `raise NotImplementedError`, run the cell, then the `check(...)` below it. Public cases are
# small enough for pencil and paper; hidden cases ask for nothing that the docstring does not promise.
#
# **Agreements that hold in the whole course**
#
# | | | |
# |---|---|---|
# | G1 | images | `(n, height, width, channels)`, labels `int (n,)` |
# | G2 | kernels | dense `(in, out)`, so `y = x @ W + b`; convolution `(rows, columns, in, out)` |
# | G3 | functions are pure | never change an argument; never return memory shared with one where a new array is promised |
# | G4 | dtypes | keep the floating dtype of the input, unless the docstring names another |
# | G5 | randomness | only from the generator that is passed in: same seed, same result; the generator moves on, NumPy's global state is left alone; *how* you draw is free |
# | G6 | tolerance | relative 1e-6 in float64, 1e-3 in float32, unless the docstring names another |
# | G7 | models | return **logits**: no softmax at the end |
# | G8 | loss | mean softmax cross-entropy, unless the docstring names another; the 1/n lives there and nowhere else |
# | G9 | models are | functional or Sequential, of Keras layers and `keras.ops`, not nested, unless the docstring allows more |
# | G10 | top level | cells define; they print, plot and download nothing that the exercises need |
#
# In this assignment nothing is random but the initial weights, which come from the layers' own initialisers (G5); a
# block does not change the tensor it is given (G3).
#
# **To read:** [He et al. 2016](https://arxiv.org/abs/1512.03385), residual networks; [Larsson et al.
# 2017](https://arxiv.org/abs/1605.07648), FractalNet; on initial weights [Glorot and Bengio
# 2010](https://proceedings.mlr.press/v9/glorot10a.html) and [He et al. 2015](https://arxiv.org/abs/1502.01852).

# %%
from coursekit import check, progress  # first: it brings Keras, without TensorFlow's greetings

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from coursekit.data import course_data
from keras import layers
from coursekit.tracking import track

# %% [markdown]
# ## 1 · A way around: the residual block
#
# $$y = \mathrm{relu}\bigl(x + F(x)\bigr), \qquad F(x) = \mathrm{conv}_2\bigl(\mathrm{relu}(\mathrm{conv}_1(x))\bigr).$$
#
# The block learns the *change* $F$, and $x$ itself walks past. If $F$ is 0, the block does nothing but a ReLU: twenty
# such layers are harmless.
#
# **Where is the ReLU?** The figure of the paper adds first and applies the ReLU after the sum; $F$ ends without one, so
# that a block can also make numbers *smaller*. The code of the original homework had it the other way round: ReLU at
# the end of $F$, none after the sum. Both train. We build the figure.
#
# **Initialisation is part of the contract.** Half of the *power* (the mean square) of a signal is lost in each ReLU.
# He's initialisation makes up for it: variance $2/\text{fan-in}$. Keras' default, Glorot's, does not (with as many
# channels in as out its variance is $1/\text{fan-in}$). After twenty layers the power is down to $2^{-20}$, the
# amplitude to its root, $2^{-10}$: a thousandth.
#
# **By hand.** One channel, 1 × 1 kernels: $\mathrm{conv}_1(z) = z + 1$, $\mathrm{conv}_2(z) = 1 - z/2$. For $x = 2$:
# $\mathrm{relu}(2 + 1) = 3$, then $1 - 3/2 = -\frac12$, and $y = \mathrm{relu}(2 - \frac12) = \frac32$. For $x = -3$:
# $\mathrm{relu}(-2) = 0$, then $1$, and $y = \mathrm{relu}(-3 + 1) = 0$.
#
# **Exercise `residual_block`: [[points residual_block]]**


# %% exercise=residual_block
def residual_block(x: keras.KerasTensor, filters: int, kernel_size: int = 5) -> keras.KerasTensor:
    """Apply a residual block of two convolutions.

    Args:
        x: symbolic tensor (n, height, width, filters).
        filters: number of channels, in and out.
        kernel_size: of both convolutions.

    Returns:
        relu(x + conv2(relu(conv1(x)))), symbolic, shape of x. Two different 'same' convolutions with biases and He
        initialisation ("he_normal" or the like, variance 2/fan-in); the way around is the identity; no
        BatchNormalization. With all kernels and biases 0 the result is relu(x).

    Example:
        >>> image = keras.Input((8, 8, 4))
        >>> residual_block(image, 4).shape
        (None, 8, 8, 4)

    Source: He et al. 2016, figure 2; Penn CIS 680 HW2, figure 3.
    """
    raise NotImplementedError


# %% check=residual_block
check(residual_block)

# %% [markdown]
# ## 2 · Short and long paths: the fractal block
#
# A fractal block is defined by a rule that repeats itself. With one column it is a convolution with ReLU, $f_1 = c$.
# With one more column, put a *new* convolution beside two copies in a row of what you had, and join:
#
# $$f_{C+1}(z) = \mathrm{join}\bigl[\,c(z),\; f_C(f_C(z))\,\bigr].$$
#
# Here are two and three columns; `m` marks a join (a mean):
#
# ```
#   z ──────── c ────────┐           z ───────────── c ──────────────┐
#                        m           z ───── c ─────┐   ┌──── c ─────┤
#   z ─── c ─── c ───────┘           z ── c ── c ── m ──┴─ c ── c ───m
# ```
#
# First, count. How many convolutions has a block of $C$ columns? How many lie on the longest and the shortest path? And
# how many different paths lead through? **By hand** for three columns: the first half offers 2 paths to the middle
# join, the second half offers 2 paths on, and one convolution goes past everything: $2 \cdot 2 + 1 = 5$.
#
# **Exercise `fractal_stats`: [[points fractal_stats]]**


# %% exercise=fractal_stats
def fractal_stats(columns: int) -> dict:
    """Count the convolutions and the paths of a fractal block.

    Args:
        columns: number of columns C, at least 1; any integer type.

    Returns:
        dict of ints: ``n_convs``; ``longest`` and ``shortest``, the convolutions on the longest and the shortest path from
        input to output; ``n_paths``, the number of different paths.

    Raises:
        ValueError: when columns is less than 1.

    Example:
        >>> fractal_stats(2)
        {'n_convs': 3, 'longest': 2, 'shortest': 1, 'n_paths': 2}

    Source: Larsson et al. 2017, section 2, rule (1).
    """
    raise NotImplementedError


# %% check=fractal_stats
check(fractal_stats)

# %% [markdown]
# Now build it. Two details make the difference.
#
# * **The join is a mean**, not a sum: three *equal* signals of size 1 have a mean of size 1 and a sum of size 3, and after five
#   blocks $3^5 = 243$. (What a mean does to *independent* signals is question M5.2.)
# * **Joins that coincide are one join.** In the right picture the last join has *three* inputs, so each counts $\frac13$. If you
#   nest means of two, the first column counts $\frac12$ and the others $\frac14$: another network.
#
# So let a helper return the *outputs of all columns*, not yet joined: for one column `[c(z)]`, for one more
# `[c(z)] + columns of the rest, fed with the joined columns of z`. Only at the very end everything is joined, once.
#
# **By hand.** Let every convolution halve, $x = 1$. Column 1: $\frac12$. Middle join: mean of $\frac12$ and $\frac14$,
# that is $\frac38$. Column 2: $\frac3{16}$, column 3: $\frac3{32}$. The mean of the three is $0.2604$.
#
# **Exercise `fractal_block`: [[points fractal_block]]**


# %% exercise=fractal_block
def fractal_block(x: keras.KerasTensor, filters: int, columns: int = 3, kernel_size: int = 5) -> keras.KerasTensor:
    """Apply a fractal block.

    Args:
        x: symbolic tensor (n, height, width, channels).
        filters: filters of every convolution.
        columns: number of columns C, at least 1.
        kernel_size: of every convolution.

    Returns:
        Symbolic tensor (n, height, width, filters): the mean of the C column outputs. 2**C - 1 different 'same'
        convolutions with biases and He initialisation, each followed at once by ReLU. Every join is the mean of all
        tensors that meet there. No BatchNormalization, no dropout, no drop-path.

    Example:
        >>> image = keras.Input((8, 8, 4))
        >>> len([layer for layer in keras.Model(image, fractal_block(image, 4)).layers if hasattr(layer, "kernel")])
        7

    Source: Larsson et al. 2017, figure 1; three columns as in Penn CIS 680 HW2, task 2.4.
    """
    raise NotImplementedError


# %% check=fractal_block
check(fractal_block)

# %% experiment=picture_of_the_blocks
# What you built, drawn from the layers themselves: two residual blocks, and one fractal block of three columns.
from coursekit.drawing.architecture import draw_architecture

draw_architecture(residual_block(residual_block(keras.Input((16, 16, 8)), 8), 8), "Two residual blocks")
draw_architecture(fractal_block(keras.Input((16, 16, 8)), 8), "A fractal block")

# %% [markdown]
# ## 3 · Twenty more layers, three times
#
# All three networks are the all-convolutional net of A4 without BatchNormalization. Between its first and its second
# convolution comes the extra part, on full-size maps, with `width` channels and 5 × 5 kernels:
#
# | kind | extra part | 5 × 5 convolutions | longest path | shortest path |
# |---|---|---|---|---|
# | plain | 20 convolutions, each with ReLU | 20 | 29 | 29 |
# | residual | 10 residual blocks | 20 | 29 | 9 |
# | fractal | 5 fractal blocks of 3 columns | 35 | 29 | 14 |
#
# Paths are counted in convolutions, from the image to the logits. The longest is the same in all three: what differs
# are the short ones. (Your own blocks are used here; for the points, ours stand in for them.)
#
# **Exercise `build_deep`: [[points build_deep]]**


# %% exercise=build_deep
def build_deep(kind: str, width: int = 16, n_extra: int = 20, num_classes: int = 10) -> keras.Model:
    """Build the all-convolutional net with an extra part of a given kind.

    Args:
        kind: "plain", "residual" or "fractal".
        width: filters of the first three convolutions and of the extra part; later ones have twice as many.
        n_extra: convolutions on the longest path through the extra part, a multiple of 4: n_extra convolutions with
            ReLU, n_extra/2 residual blocks, or n_extra/4 fractal blocks of three columns, all 5x5.
        num_classes: number of logits.

    Returns:
        A functional model (n, 32, 32, 3) -> logits: conv 3x3 ReLU, the extra part, then the rest of the network of A4:
        two more 3x3 ReLU; max-pool 3x3/2 'same'; three 3x3 ReLU of twice the width; max-pool; 3x3 and 1x1 ReLU of twice
        the width; 1x1 with num_classes filters, linear; global average. He initialisation, no BatchNormalization.

    Raises:
        ValueError: for another kind.

    Example:
        >>> build_deep("plain", width=4, n_extra=4).output_shape
        (None, 10)

    Source: Penn CIS 680 HW2, tasks 2.3 and 2.4, with one common width for all three.
    """
    raise NotImplementedError


# %% check=build_deep
check(build_deep)

# %% experiment=picture_of_the_network
# Four extra convolutions on the longest path instead of twenty, so that it fits on the page.
draw_architecture(build_deep("plain", width=8, n_extra=4), "Plain + 4")
draw_architecture(build_deep("residual", width=8, n_extra=4), "Residual + 4")
draw_architecture(build_deep("fractal", width=8, n_extra=4), "Fractal + 4")

# %% [markdown]
# ## 4 · Vanish, or die?
#
# Pictures of 16 × 16 and 8 channels are enough to see it, in minutes instead of hours (the networks have no dense
# layer, so the same layers work on any size). For each run we record the loss and $G = \max |\partial L/\partial w|$ in
# the kernel of the first convolution.
#
# First the check of seconds: without extra layers, can fifty pictures be learned by heart?

# %% experiment=overfit_fifty
data = course_data("colour")


def small_pictures(images):
    """Average 2 x 2 pixels, then standardise each picture."""
    x = images.astype("float32").reshape(len(images), 16, 2, 16, 2, 3).mean(axis=(2, 4))
    x -= x.mean(axis=(1, 2, 3), keepdims=True)
    return x / x.std(axis=(1, 2, 3), keepdims=True)


def on_small_pictures(model, initializer=None):
    """The same network for 16 x 16 pictures, with new initial weights; ``initializer`` replaces He's."""
    model = keras.models.clone_model(model, input_tensors=keras.Input((16, 16, 3)))
    for layer in model.layers:
        if initializer is not None and hasattr(layer, "kernel"):
            layer.kernel.assign(initializer(layer.kernel.shape))
    return model


def train(model, images, labels, steps, batch_size=48, learning_rate=1e-3):
    """Train with Adam; returns loss and G of the first convolution for each step, before the update."""
    optimizer, rng = keras.optimizers.Adam(learning_rate), np.random.default_rng(0)
    optimizer.build(model.trainable_variables)

    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss, tf.reduce_max(tf.abs(gradients[0]))

    found = []
    for _ in track(range(steps), "steps"):
        chosen = rng.integers(0, len(images), batch_size)
        found.append([float(v) for v in update(tf.constant(images[chosen]), tf.constant(labels[chosen], tf.int32))])
    return np.array(found).T


x_train, x_test = small_pictures(data.x_train), small_pictures(data.x_test)
keras.utils.set_random_seed(0)
loss, _ = train(
    on_small_pictures(build_deep("plain", width=8, n_extra=0)), x_train[:50], data.y_train[:50], 200, learning_rate=3e-3
)
print(f"{data.name}: loss on fifty pictures {loss[0]:.2f} -> {loss[-1]:.3f}")

# %% [markdown]
# **Predict first,** for the plain network with twenty more layers: (a) How large is $G$ of the first convolution at
# step 0 under Glorot's initialisation, compared with the network without extra layers (about $0.1$)? (b) And under
# He's? (c) With He's, does it learn? The seven runs below take about four minutes on two cores.

# %% experiment=deep_runs
STEPS = 300
RUNS = {
    "no extra layers, He": ("plain", 0, None),
    "plain + 20, Glorot": ("plain", 20, keras.initializers.GlorotUniform(seed=0)),
    "plain + 20, He": ("plain", 20, None),
    "residual + 20, Glorot": ("residual", 20, keras.initializers.GlorotUniform(seed=0)),
    "residual + 20, He": ("residual", 20, None),
    "fractal + 20, Glorot": ("fractal", 20, keras.initializers.GlorotUniform(seed=0)),
    "fractal + 20, He": ("fractal", 20, None),
}
losses, gradients = {}, {}
print(f"{'':22}{'G at step 0':>12}{'20':>10}{'100':>10}{STEPS - 1:>10}{'loss':>8}   held-out accuracy")
for name, (kind, extra, initializer) in track(RUNS.items(), "runs", minutes=4):
    keras.utils.set_random_seed(0)
    model = on_small_pictures(build_deep(kind, width=8, n_extra=extra), initializer)
    losses[name], gradients[name] = train(model, x_train, data.y_train, STEPS)
    hits = np.mean(model.predict(x_test, verbose=0, batch_size=500).argmax(axis=1) == data.y_test)
    shown = "".join(f"{gradients[name][step]:10.1e}" for step in (0, 20, 100, STEPS - 1))
    half_width = 1.96 * np.sqrt(hits * (1 - hits) / len(x_test))
    print(f"{name:22}  {shown}{losses[name][-20:].mean():8.2f}   {hits:.3f} ± {half_width:.3f}")

# %% [markdown]
# **Your prediction:** (a) hundreds of thousands of times smaller, or a million: it was gone before the first step, and
# in our runs it never came back. (b) Under He's it starts four to fifteen times smaller only, a healthy number. (c)
# And yet, on the synthetic data, it does not learn: follow its row to the right, and its loss. On CIFAR-10 it lived in
# our run, and learned less than the network without extra layers.
#
# **A cure that does not always cure.** The residual networks were alive in all our runs, on both data. The fractal one
# stands at an edge. On the synthetic data, under He's, it reached 0.75 in one of our runs; in another one, with the
# same seed, it came to life and died at step 100, like the plain one. On CIFAR-10 it died under He's, and lived under
# Glorot's. With 8 channels chance decides much: another seed, another machine, or float32 sums in another order can
# tip a row. So describe what *your* table shows, and try another seed before you call a network better.
#
# Bring `plot_curves` over from A2, or write it again.
#
# **Exercise `plot_curves`: [[points plot_curves]]**


# %% exercise=plot_curves from=a2_first_networks

# %% check=plot_curves
check(plot_curves)

# %% experiment=gradient_figure
steps = np.arange(0, STEPS, 10)
figure = plot_curves(
    {name: (steps, np.maximum(g[::10], 1e-12)) for name, g in gradients.items()},
    "training step",
    "G of the first convolution",
)
figure.axes[0].set(yscale="log", title="Values below 1e-12 are drawn at 1e-12: there the gradient is gone")
figure.axes[0].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% experiment=loss_figure
smooth = {name: (steps, loss.reshape(-1, 10).mean(axis=1)) for name, loss in losses.items()}
figure = plot_curves(smooth, "training step", "training loss, mean of 10 steps")
figure.axes[0].set(yscale="log", title="The thin line is ln 10, knowing nothing: dead networks lie on it")
figure.axes[0].axhline(np.log(10), color="grey", linewidth=0.8)
figure.axes[0].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown] answer=plain_net_report
# **Question M5.1 ([[points plain_net_report]], half a page).** Give $G$ of the first convolution of the plain network
# at steps 0, 20, 100 and the last, under Glorot's and under He's initialisation. In which of the two does the gradient
# *vanish*, in which does it *die*, and what is the difference? (If yours lived under He's, say so, and take another
# seed or another network of the table that died.) What does a dead network output, and why is its loss $\ln 10$?

# %% [markdown]
# ## 5 · What a signal loses on the way
#
# Look at networks that have not learned anything yet. We send a batch of noise through one block after the other and
# print the size (standard deviation) of what comes out. **Predict:** does it grow or shrink in a plain, a residual, a
# fractal network under He?

# %% experiment=signal_sizes
keras.utils.set_random_seed(0)
noise = np.random.default_rng(0).normal(size=(8, 16, 16, 8)).astype("float32")


def plain_layers(x):
    """Four convolutions with ReLU, as long as the longest path of a fractal block."""
    for _ in range(4):
        x = layers.Conv2D(8, 5, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    return x


BLOCKS = {
    "plain, 4 layers": plain_layers,
    "residual, 2 blocks": lambda x: residual_block(residual_block(x, 8), 8),
    "fractal, 1 block": lambda x: fractal_block(x, 8),
}
for name, block in BLOCKS.items():
    size, signal = [], noise
    for _ in range(5):
        inputs = keras.Input((16, 16, 8))
        signal = np.asarray(keras.Model(inputs, block(inputs))(signal))
        size.append(signal.std())
    print(f"{name:20}" + "".join(f"{value:9.3f}" for value in size))

# %% [markdown]
# **Your prediction:** under He's initialisation the plain signal wanders (a few channels are a small sample; ours lost
# three quarters on the way from 4 layers to 20), the residual one grows, about sixfold in our run, and the fractal one
# shrinks in every block, to a twenty-seventh in ours. Question M5.2 asks why.

# %% [markdown] answer=paths_and_variance
# **Question M5.2 ([[points paths_and_variance]], one page).** (a) For a residual network of 10 blocks and a fractal
# one of 5: how many paths lead through the extra part, and how many convolutions lie on the shortest and the longest?
# (b) Variance: what does a mean of three independent signals of variance 1 have? A sum $x + F(x)$ of two? (c) Why does
# the residual network *explode* under He's initialisation (look at its loss at step 0), and why does the fractal one
# shrink? Your table has both networks under Glorot's initialisation, too: by the same reckoning, which of the two
# should it help and which harm, and does your table agree?

# %% [markdown] answer=symptom_or_cause
# **Question M5.3 ([[points symptom_or_cause]], a quarter page).** The author of the original homework found that in the
# dead network the gradient of the *last* layer was tiny as well, and wrote that vanishing gradients are "a symptom
# rather than an actual problem". Argue for or against, with your own numbers: what comes first in the plain network
# under He's initialisation (or in another one of yours that died), small gradients or dead units?

# %% [markdown]
# ## What to take along
#
# * Depth is no good by itself; a short path through helps to keep a deep network alive, and is no guarantee.
# * The initialiser is part of the architecture.
# * "The gradient vanishes" is a measurement, not an explanation. Ask *when*, and what happened just before.

# %% [markdown]
# **How far are you?** `progress()` says it anywhere in the notebook: the answer of every check, and the points that are
# still open. Down here, after Restart & Run All, it has seen them all.

# %% experiment=summary
progress()
