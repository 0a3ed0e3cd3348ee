# %% [markdown]
# # A4 · All-convolutional nets and a gradient probe
#
# Two questions lead through this notebook.
#
# 1. Which layers of a convolutional network do we really need? Networks without fully connected layers were known when
#    Springenberg and colleagues asked in 2015 whether *pooling* is needed, and found that it can be **replaced** by
#    convolutions with stride 2, without loss. You build the network with which they compared: no dense layers, but still
#    pools. And you prove that hardly anything was lost with the dense layers.
# 2. What does the gradient do while a network learns? You build a probe that measures it **without disturbing the
#    training**, and you find out what a famous plot of the original homework really showed.
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
# In this assignment nothing is random but the initial weights, which the layers draw themselves (G5).
#
# **To read:** [Springenberg et al. 2015](https://arxiv.org/abs/1412.6806), the all-convolutional net;
# [Lin, Chen and Yan 2014](https://arxiv.org/abs/1312.4400), 1 × 1 convolutions and the global average;
# [Ioffe and Szegedy 2015](https://arxiv.org/abs/1502.03167), batch normalisation.

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
# ## 1 · A network without fully connected layers
#
# In the network of the last assignment, the first dense layer alone held 65,600 of 146,346 weights. It also ties the
# network to one image size. Table 2 of the homework (and "ConvPool-CNN-C" in table 2 of the paper) has no such layer:
#
# | | layer | maps after it (32 × 32 image) |
# |---|---|---|
# | 1–3 | three times 3 × 3 convolution, $w$ filters, ReLU | 32 × 32 × $w$ |
# | | 3 × 3 max-pool, stride 2, 'same' | 16 × 16 × $w$ |
# | 4–6 | three times 3 × 3 convolution, $2w$ filters, ReLU | 16 × 16 × $2w$ |
# | | 3 × 3 max-pool, stride 2, 'same' | 8 × 8 × $2w$ |
# | 7 | 3 × 3 convolution, $2w$ filters, ReLU | 8 × 8 × $2w$ |
# | 8 | 1 × 1 convolution, $2w$ filters, ReLU | 8 × 8 × $2w$ |
# | 9 | 1 × 1 convolution, one filter for each class, **linear** | 8 × 8 × 10 |
# | | average over all positions | 10 logits |
#
# **A trap in the original.** The printed table puts a ReLU after layer 9 as well; the code that produced the results
# did not. What is wrong with a ReLU there? Not that logits cannot be negative: softmax ignores a common shift, and $(0,
# 5)$ says the same as $(-5, 0)$. It is the gradient. Where a ReLU outputs 0, nothing flows back: if the map of a class
# is 0 at every position of an image, this class learns nothing from that image, not even when it is the right one. If
# all ten maps are 0, the answer is $p = 1/10$ for every class, and no weight of the network moves. We build what was
# run.
#
# **By hand.** How many weights has layer 1 with $w = 96$? A 3 × 3 kernel over 3 channels for each of 96 filters, and 96
# biases: $3 \cdot 3 \cdot 3 \cdot 96 + 96 = 2{,}688$. All nine layers together: 1,369,738. You will fill in the rest
# below.
#
# **Exercise `build_all_conv`: [[points build_all_conv]]**


# %% exercise=build_all_conv
def build_all_conv(
    width: int = 96, num_classes: int = 10, batch_norm: bool = True, input_shape: tuple = (32, 32, 3)
) -> keras.Model:
    """Build the all-convolutional network of table 2.

    Args:
        width: filters of layers 1 to 3; layers 4 to 8 have twice as many.
        num_classes: filters of layer 9.
        batch_norm: put BatchNormalization between convolution and ReLU in layers 1 to 8.
        input_shape: (height, width, channels) of one image.

    Returns:
        A functional or Sequential model (n, *input_shape) -> logits (n, num_classes). All convolutions have padding
        'same'; both pools are 3x3 with stride 2 and padding 'same'; layer 9 is linear and not normalised; no Dense
        layer. The bias in front of a BatchNormalization is optional. With width=96 and no BatchNormalization:
        1,369,738 parameters.

    Example:
        >>> build_all_conv(batch_norm=False).count_params()
        1369738

    Source: Springenberg et al. 2015, table 2 (ConvPool-CNN-C); Penn CIS 680 HW2, table 2.
    """
    raise NotImplementedError


# %% check=build_all_conv
check(build_all_conv)

# %% experiment=picture_of_the_network
# Your network as you built it: what each layer does, the shape of what leaves it, and its parameters.
from coursekit.drawing.architecture import draw_architecture

draw_architecture(build_all_conv(batch_norm=False), "The all-convolutional net")

# %% [markdown] answer=architecture_table
# **Question M4.1 ([[points architecture_table]]).** Make a table of the nine convolutions and two pools for $w = 96$:
# output shape, number of parameters (by hand; they must add up to 1,369,738), and the **receptive field**: how many
# pixels of the image can influence one value of the map? Start with 1 × 1 before layer 1; a $k \times k$ layer adds
# $(k - 1) \cdot s$, where $s$ is the product of all strides *before* it. What is the receptive field of the last
# convolution?

# %% [markdown]
# ### Does it learn at all? Fifty images
#
# Before any long run, a run of seconds: a network that cannot learn fifty images by heart has a bug, and no amount of
# training will help. **Predict first:** after 60 steps on the same fifty images, where is the loss? It starts near
# $\ln 10 \approx 2.3$; why there?

# %% experiment=overfit_fifty
keras.utils.set_random_seed(0)
data = course_data("colour")
x_train = data.x_train.astype("float32") / 127.5 - 1
x_test = data.x_test.astype("float32") / 127.5 - 1
fifty = build_all_conv(width=8)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
fifty.compile(keras.optimizers.Adam(3e-3), cross_entropy, metrics=["accuracy"])
epochs = track(range(60), "epochs")
shown = keras.callbacks.LambdaCallback(
    on_epoch_begin=lambda *_: next(epochs), on_train_end=lambda *_: next(epochs, None)
)
history = fifty.fit(x_train[:50], data.y_train[:50], batch_size=50, epochs=60, verbose=0, callbacks=[shown])
print(
    f"data: {data.name}; loss {history.history['loss'][0]:.2f} -> {history.history['loss'][-1]:.2f}, "
    f"accuracy on the fifty: {history.history['accuracy'][-1]:.2f}"
)

# %% [markdown]
# **Your prediction:** below 0.5 and still falling, with all or nearly all fifty images right. The start is near
# $\ln 10$ because an untrained network knows nothing: it gives each of ten classes about $p = 1/10$, and
# $-\ln \frac1{10} = 2.30$. A little more, because random weights prefer some classes, mostly wrong ones.
#
# ## 2 · A dense layer is a convolution
#
# What was lost with the dense layers? Nothing: a 1 × 1 convolution *is* a dense layer, applied at every position with
# the same weights. And averaging the maps after a *linear* 1 × 1 convolution is the same as averaging before it. Both
# are proofs of two lines, and both you can check in the notebook before you write them down.

# %% experiment=one_by_one
rng = np.random.default_rng(0)
maps = rng.normal(size=(2, 8, 8, 5)).astype("float32")
kernel = rng.normal(size=(5, 3)).astype("float32")
as_convolution = tf.nn.conv2d(maps, kernel[None, None], strides=1, padding="SAME").numpy()
as_dense = maps.reshape(-1, 5) @ kernel
print("1x1 convolution against dense layer:", np.abs(as_convolution.reshape(-1, 3) - as_dense).max())
print(
    "average after against average before:",
    np.abs(as_convolution.mean(axis=(1, 2)) - maps.mean(axis=(1, 2)) @ kernel).max(),
)
print(
    "with a ReLU in between they differ:  ",
    np.abs(np.maximum(as_convolution, 0).mean(axis=(1, 2)) - np.maximum(maps.mean(axis=(1, 2)) @ kernel, 0)).max(),
)

# %% [markdown] answer=one_by_one_proof
# **Question M4.2 ([[points one_by_one_proof]], one page).** (a) Prove that a 1 × 1 convolution computes the same as one
# dense layer applied at every position. (b) Prove that the global average commutes with the *linear* 1 × 1 convolution
# of layer 9, and show by a counter-example that it does not with a ReLU in between. (c) *Width experiment:* train the
# network with $w = 4$, 8 and 16 (the cell below, about a minute on two cores), predict the order of the three first,
# and explain what you see in training and held-out accuracy.


# %% experiment=width_experiment
def train(model, steps=150, batch_size=64, learning_rate=3e-3, watch=None, every=10):
    """Train with Adam on random batches; call ``watch(step)`` before the first step and after every few."""
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)

    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    losses = []
    for step in track(range(steps), "steps"):
        if watch is not None and step % every == 0:
            watch(step)
        chosen = rng.integers(0, len(x_train), batch_size)
        losses.append(float(update(tf.constant(x_train[chosen]), tf.constant(data.y_train[chosen], tf.int32))))
    return np.array(losses)


def accuracy(model, x, y, count=2000):
    """Accuracy on up to ``count`` images, with half the width of its 95 % interval."""
    hits = np.mean(model.predict(x[:count], verbose=0, batch_size=500).argmax(axis=1) == y[:count])
    return hits, 1.96 * np.sqrt(hits * (1 - hits) / min(count, len(x)))


def quick_to_forget(model):
    """In runs this short BatchNormalization must not remember its first steps: average over about 10, not 100."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9
    return model


for width in track((4, 8, 16), "widths", minutes=1):
    keras.utils.set_random_seed(0)
    model = quick_to_forget(build_all_conv(width=width))
    train(model)
    (seen, _), (held_out, interval) = accuracy(model, x_train, data.y_train), accuracy(model, x_test, data.y_test)
    print(
        f"w = {width:2}: {model.count_params():6,} parameters, "
        f"train {seen:.3f}, held out {held_out:.3f} ± {interval:.3f}"
    )

# %% [markdown]
# ## 3 · A probe for gradients
#
# The size of the gradient in a layer tells how fast that layer can learn. The homework measures it by
#
# $$G = \max_i \left| \frac{\partial L}{\partial w_i} \right|,$$
#
# over all entries of one layer's **kernel**, where $L$ is the mean cross-entropy of a batch. Simple, but a measurement
# must not change what it measures, and it must measure what it says:
#
# * **The story of a plot.** The homework's figure of $G$ was drawn with `tf.gradients(loss, w, loss)`. The third argument of
#   that function is not what its author thought: it is `grad_ys`, the gradient that flows in from above. So the figure
#   shows $L \cdot G$, and because $L$ falls while the network learns, part of what looks like a falling gradient is only
#   the falling loss.
# * **BatchNormalization** behaves differently in training and in use. The optimiser sees the training behaviour, so the
#   probe calls the model with `training=True`. But that very call moves the layer's running statistics. Put them back.
#
# First, the finder: which layers do we want to look at? Names are no guide.
#
# **Exercise `first_last_conv`: [[points first_last_conv]]**


# %% exercise=first_last_conv
def first_last_conv(model: keras.Model) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Find the first and the last convolution of a network.

    Args:
        model: a functional or Sequential model.

    Returns:
        The two ``Conv2D`` layer objects nearest to the input and nearest to the output, whatever their names; 1x1
        convolutions count. A network with one convolution has it first and last.

    Raises:
        ValueError: when the model has no ``Conv2D`` layer.

    Example:
        >>> first, last = first_last_conv(build_all_conv(width=2))
        >>> print(first.kernel.shape, last.kernel.shape)
        (3, 3, 3, 2) (1, 1, 4, 10)

    Source: Penn CIS 680 HW2, task 2.2.
    """
    raise NotImplementedError


# %% check=first_last_conv
check(first_last_conv)

# %% [markdown]
# **By hand.** One pixel of value 3, a 1 × 1 convolution with weights $(0, 0)$ straight to two logits, true class 0. The
# logits are $(0, 0)$, so $p = (\frac12, \frac12)$ and $\partial L / \partial z = p - (1, 0) = (-\frac12, \frac12)$.
# Each weight is multiplied by 3 on the way forward, so its gradient is $(-\frac32, \frac32)$ and $G = \frac32$. Note
# the sign: the largest entry may be negative.
#
# **Exercise `gradient_magnitude`: [[points gradient_magnitude]]**


# %% exercise=gradient_magnitude
def gradient_magnitude(model: keras.Model, x: np.ndarray, y: np.ndarray, layer: keras.layers.Layer) -> float:
    """Measure the largest gradient in the kernel of one layer, G = max |dL/dw|.

    Args:
        model: returns logits (n, k).
        x: float32 (n, height, width, channels), one batch.
        y: int (n,), classes.
        layer: a layer of the model with a ``kernel``.

    Returns:
        G as a float, where L is the mean softmax cross-entropy of the batch from logits and the model is called with
        ``training=True``. The kernel alone counts, not the bias; nothing is multiplied by the loss. A layer that no
        gradient reaches has exactly 0.0. Afterwards every weight and every statistic of the model is as it was before.

    Example:
        >>> image = keras.Input((1, 1, 1))
        >>> only = layers.Conv2D(2, 1, use_bias=False, kernel_initializer="zeros")
        >>> model = keras.Model(image, layers.Flatten()(only(image)))
        >>> gradient_magnitude(model, np.full((1, 1, 1, 1), 3.0, "float32"), np.array([0]), only)
        1.5

    Source: Penn CIS 680 HW2, task 2.2, without the factor L of its figure 2.
    """
    raise NotImplementedError


# %% check=gradient_magnitude
check(gradient_magnitude)

# %% [markdown]
# ### A plot you will need again
#
# Curves are compared in one figure. Bring `plot_curves` over from A2, or write it again.
#
# **Exercise `plot_curves`: [[points plot_curves]]**


# %% exercise=plot_curves from=a2_first_networks

# %% check=plot_curves
check(plot_curves)

# %% [markdown]
# ## 4 · What the gradient does while the network learns
#
# **Predict first.** (a) Accuracy rises and the loss falls. Does $G$ rise or fall, in the first convolution and in the
# last? (b) Which is larger at the start, $G$ of the first or of the last convolution? (c) Where will $L \cdot G$, the
# curve of the original homework, mislead you most? The next cell takes about half a minute on two cores.

# %% experiment=gradient_curves
keras.utils.set_random_seed(1)
model = quick_to_forget(build_all_conv(width=8))
first, last = first_last_conv(model)
probe_x, probe_y = x_train[:64], data.y_train[:64]
steps, measured = [], {"first": [], "last": [], "loss": []}


def watch(step):
    logits = model(probe_x, training=False)
    steps.append(step)
    measured["loss"].append(float(cross_entropy(probe_y, logits)))
    for name, layer in (("first", first), ("last", last)):
        measured[name].append(gradient_magnitude(model, probe_x, probe_y, layer))


train(model, steps=200, watch=watch)
hits, interval = accuracy(model, x_test, data.y_test)
print(f"held-out accuracy {hits:.3f} ± {interval:.3f} on 2,000 images")

# %% experiment=gradient_figure
figure = plot_curves(
    {"first convolution": (steps, measured["first"]), "last convolution": (steps, measured["last"])},
    "training step",
    "G = max |dL/dw|",
)
figure.axes[0].set_yscale("log")
figure.axes[0].set_title("The gradient of two layers during training")
plt.show()

# %% experiment=gradient_times_loss
scaled = np.array(measured["loss"]) * np.array(measured["last"])
figure = plot_curves(
    {"G": (steps, measured["last"]), "L · G, as in the homework": (steps, scaled)}, "training step", "last convolution"
)
figure.axes[0].set_yscale("log")
figure.axes[0].set_title("Multiplying by the loss bends the curve")
plt.show()

# %% [markdown]
# **Your prediction:** there is no one answer to (a). On our drawn pictures $G$ of the last convolution falls by a third
# in the first twenty steps and then stays (on CIFAR-10 it falls by half and comes back); that of the first is noisy and
# ends higher than it began, about twice as high; and all the while the loss falls. (b) The last one's is larger, by no
# more than a factor of about two. (c) At the start, where $L$ is largest: $L \cdot G$ falls four- or fivefold on our
# drawn pictures, and most of that fall is $L$; on CIFAR-10 it halves, while $G$ ends near where it began.
#
# **A control.** Does the probe leave the network alone? Here the same training runs twice, with and without it. The two
# losses must agree to the last digit; if they do not, your probe takes part in the training.


# %% experiment=probe_control
def losses_of_a_run(probed):
    keras.utils.set_random_seed(2)
    model = build_all_conv(width=4)
    layer = first_last_conv(model)[0]
    return train(
        model, steps=12, every=3, watch=lambda step: probed and gradient_magnitude(model, probe_x, probe_y, layer)
    )


print("largest difference of the losses:", np.abs(losses_of_a_run(True) - losses_of_a_run(False)).max())

# %% [markdown] answer=gradient_report
# **Question M4.3 ([[points gradient_report]], one page, with your two figures).** (a) Describe $G$ of the first and of
# the last convolution over training. (b) Start from $\partial L / \partial z = p - \text{onehot}(y)$: what becomes of
# it, and of every gradient behind it, when predictions become right and sure? Then explain *your* two curves: where $G$
# falls, and where it does not fall, or rises, although the loss falls. What else stands in the product that is the
# gradient of the first layer, and what does the maximum over images and entries see? (c) What does multiplying by $L$
# do to the plot, at the start and at the end? Which of your statements in (a) would you have got wrong from $L \cdot G$
# alone? (d) Why does the probe use `training=True`, and what would `training=False` measure?

# %% [markdown]
# ## What to take along
#
# * A 1 × 1 convolution is a dense layer for every position; the global average needs no weights.
# * Measure without disturbing: store the state, measure, put the state back, and *check* that you did.
# * Read the signature of the function that makes your figure.
#
# In the next assignment the network gets twenty more layers, and your probe will tell you why it stops learning.

# %% [markdown]
# **How far are you?** `progress()` says it anywhere in the notebook: the answer of every check, and the points that are
# still open. Down here, after Restart & Run All, it has seen them all.

# %% experiment=summary
progress()
