# %% [markdown]
# # A3 · Augmentation
#
# In 2017 a student added horizontal mirror images to a training set, to make the network better. Accuracy fell, from
# 61.7 % to 56.0 %. Then random crops were added: 54.4 %. Every cell ran, every curve looked like a training curve, and
# nothing in the report says that anything was strange. (We do not know how many test images stand behind these numbers,
# so by our own rule of section 6 they prove nothing. We replayed the runs and tested on 2,000 images: 64.0, 57.7 and
# 57.2 %, each ± 2 points. The fall was no accident.)
#
# What had happened? The function was called `flip_horizontal`, and inside it called `random_flip_up_down`. **Cars drove
# on the ceiling, and nobody noticed.** And the crop moved all images of a batch by the same amount.
#
# In this notebook you write augmentation that does what it says, and you learn to *test* something that is random.
#
# **How to work.** Replace `raise NotImplementedError`, run the cell, then the `check(...)` below it. Hidden cases ask
# for nothing that the docstring does not promise.
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
# In this assignment some docstrings ask for float32 (G4), and chance is what we test (G5): distributions, never one
# draw.
#
# **To read:** [LeCun et al. 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf), section 4.3, on normalising;
# [Ioffe and Szegedy 2015](https://arxiv.org/abs/1502.03167), batch normalisation;
# [McNemar 1947](https://doi.org/10.1007/BF02295996), the test of section 6.

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
# ## 1 · Two ways to normalise
#
# A network learns faster when its inputs have mean 0 and deviation 1. Mean and deviation *of what*? There are two
# honest answers, and a dishonest one.
#
# * **Of the image itself.** Each picture is standardised alone. A dark photograph and a bright one of the same thing become
#   alike. One mean for all channels together: with one for each channel, a red wall and a blue wall would look the same.
# * **Of the training set**, channel by channel. The same numbers are then used for every image that ever comes.
# * *Dishonest:* of the set at hand, also when that is the test set. Then the prediction for one image depends on what stands
#   beside it.
#
# **By hand.** An image of two pixels, 10 and 30: mean 20, deviation $\sqrt{((-10)^2 + 10^2)/2} = 10$, so it becomes
# $-1$ and $1$. A constant image has deviation 0; we agree that it becomes all zeros.
#
# **Exercise `standardize_images`: [[points standardize_images]]**


# %% exercise=standardize_images
def standardize_images(images: np.ndarray) -> np.ndarray:
    """Give each image mean 0 and standard deviation 1.

    Args:
        images: uint8 or float (n, height, width, channels).

    Returns:
        float32 (float64 is accepted), same shape, new memory. From each image its mean over height, width and channels
        together is subtracted, and it is divided by its standard deviation (ddof 0). A constant image becomes zeros,
        without a warning about 0/0. The result for one image does not depend on the others.

    Example:
        >>> standardize_images(np.array([[[[10], [30]]]], dtype=np.uint8)).ravel().tolist()
        [-1.0, 1.0]

    Source: Penn CIS 680 HW2, task 1.2. TensorFlow's per_image_standardization, whose divisor is at least 1/sqrt(N), is
    accepted.
    """
    raise NotImplementedError


# %% check=standardize_images
check(standardize_images)

# %% [markdown]
# Now the other way, in two functions, so that the statistics *cannot* come from the wrong set. **Predict:** images of 0
# to 255 in uint8, mean 121. What is `images - mean` where a pixel is 100, if both are uint8?

# %% experiment=uint8_wraps
pixel, mean = np.array([100], np.uint8), np.array([121], np.uint8)
print("uint8:", pixel - mean, "  float:", pixel.astype("float32") - mean)

# %% [markdown]
# **Your prediction:** $100 - 121 = -21$ does not exist in uint8; it comes out as $256 - 21 = 235$, a bright pixel. No
# warning.
#
# **Exercise `fit_normalizer`: [[points fit_normalizer]]**


# %% exercise=fit_normalizer
def fit_normalizer(train_images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and standard deviation of each channel over a training set.

    Args:
        train_images: uint8 or float (n, height, width, channels), up to 60,000 images.

    Returns:
        mean, std: float (channels,) or (1, 1, 1, channels), over images, rows and columns, ddof 0, summed with the
        precision of float64.

    Example:
        >>> mean, std = fit_normalizer(np.array([[[[0], [4]]], [[[4], [0]]]], dtype=np.uint8))
        >>> print(mean, std)
        [2.] [2.]

    Source: LeCun et al. 1998, Efficient BackProp, section 4.3.
    """
    raise NotImplementedError


# %% check=fit_normalizer
check(fit_normalizer)


# %% [markdown]
# **Exercise `apply_normalizer`: [[points apply_normalizer]]**


# %% exercise=apply_normalizer
def apply_normalizer(images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Normalise images with the statistics of a training set.

    Args:
        images: uint8 or float (n, height, width, channels); any images, training or test, one or many.
        mean, std: from ``fit_normalizer``.

    Returns:
        float32 (float64 is accepted), same shape: (images - mean) / std. Where std is 0, a pixel equal to the mean becomes
        0 and every other one something finite.

    Example:
        >>> apply_normalizer(np.full((1, 1, 1, 1), 5, np.uint8), np.array([10.0]), np.array([5.0])).ravel().tolist()
        [-1.0]

    Source: LeCun et al. 1998, Efficient BackProp, section 4.3.
    """
    raise NotImplementedError


# %% check=apply_normalizer
check(apply_normalizer)

# %% [markdown]
# ## 2 · A mirror
#
# A mirror image of a car is a car. For each image, toss a coin: with probability $p$ mirror it left and right. In
# `(n, height, width, channels)` that reverses **axis 2**. Axis 1 turns it upside down, axis 3 turns red into blue; no error
# message will tell you.
#
# One coin *for each image*. One coin for the whole batch has the right probability for every single image, and is still
# wrong: all images of a step are then mirrored together, and neighbouring steps disagree.
#
# **How do you test a coin?** Not by looking for 50 heads in 100. The number of mirrored images among $n$ has mean $np$
# and deviation $\sqrt{np(1-p)}$: for $n = 1{,}000$ that is $500 \pm 16$. Our checks allow six deviations, 405 to 595;
# an honest function fails that about once in 500 million times (probability $2 \cdot 10^{-9}$).
#
# **Exercise `random_flip`: [[points random_flip]]**


# %% exercise=random_flip
def random_flip(images: np.ndarray, rng: np.random.Generator, p: float = 0.5) -> np.ndarray:
    """Mirror each image left and right with probability p, independently of the others.

    Args:
        images: any dtype (n, height, width, channels); n may be 0.
        rng: the only source of randomness.
        p: probability of mirroring, in [0, 1]; 0 and 1 are exact.

    Returns:
        New array of the same shape and dtype. Image i is images[i] or its mirror image, and stays at place i.

    Example:
        >>> random_flip(np.array([[[[1], [2], [3]]]]), np.random.default_rng(0), p=1.0).ravel().tolist()
        [3, 2, 1]

    Source: Penn CIS 680 HW2, task 1.3.
    """
    raise NotImplementedError


# %% check=random_flip
check(random_flip)

# %% [markdown]
# ## 3 · A shifted window
#
# A car that stands four pixels further left is a car. Pad each image with a frame of zeros, `pad` pixels wide on all
# four sides, and cut out a window of the old size at a random place. With `pad = 4` the window's corner may lie at $0,
# 1, \dots, 8$ in each direction: nine places, **both ends included**. `rng.integers(0, 8)` never returns 8.
#
# **By hand.** One row `[1 2 3]`, `pad = 1`: the padded row is `[0 1 2 3 0]`, and the three windows are `[0 1 2]`, `[1 2 3]` and
# `[2 3 0]`. What leaves on one side does not come back on the other.
#
# Rows and columns are drawn separately, and anew for each image. The student of our story moved the whole batch alike.
# In accuracy **that cannot be seen**: with one shared offset the same network reached .650, with separate ones .639,
# and the uncertainty is ± .02. Only a test of the function itself finds it. That is why you test.
#
# **Exercise `random_pad_crop`: [[points random_pad_crop]]**


# %% exercise=random_pad_crop
def random_pad_crop(images: np.ndarray, rng: np.random.Generator, pad: int = 4) -> np.ndarray:
    """Pad each image with zeros and cut out a window of the old size at a random place.

    Args:
        images: any dtype (n, height, width, channels); height and width may differ.
        rng: the only source of randomness.
        pad: width of the frame of zeros on each of the four sides; 0 changes nothing.

    Returns:
        New array of the same shape and dtype. For each image the row and the column of the window are drawn
        independently and uniformly from 0 to 2 * pad, both included.

    Example:
        >>> random_pad_crop(np.array([[[[1], [2], [3]]]]), np.random.default_rng(0), pad=0).ravel().tolist()
        [1, 2, 3]

    Source: Penn CIS 680 HW2, task 1.4.
    """
    raise NotImplementedError


# %% check=random_pad_crop
check(random_pad_crop)

# %% experiment=look_at_them
from coursekit.drawing.pictures import show_images

# Always look. Each row: one image, then seven draws of flip and crop. Is the class still what it was?
data = course_data("colour")
rng = np.random.default_rng(1)
pictures, titles = [], []
for image, label in zip(data.x_train[:4], data.y_train[:4]):
    copies = np.repeat(image[None], 7, axis=0)
    pictures += [image, *random_pad_crop(random_flip(copies, rng), rng)]
    titles += [data.classes[label], *[""] * 7]
show_images(pictures, columns=8, titles=titles, title=f"{data.name}: the image, and seven augmented draws")

# %% [markdown]
# ## 4 · The order of things
#
# Flip, standardise, crop: in which order? Mirroring does not change the mean, so flip and standardise may change
# places. The crop may not. **Predict:** what colour is the padded frame if you crop *before* you standardise? **Your
# prediction:** It was 0, black; after standardising, black is $-\text{mean}/\text{std}$, different in each image. Crop
# last, and the frame is exactly 0: the mean of the image, neither dark nor bright.
#
# And **never augment at evaluation**: a test image is standardised like every other, and nothing else.
#
# **Exercise `augment_batch`: [[points augment_batch]]**


# %% exercise=augment_batch
def augment_batch(
    images: np.ndarray, rng: np.random.Generator, training: bool, flip: bool = True, crop: bool = True
) -> np.ndarray:
    """Prepare a batch: flip, standardise, crop.

    Args:
        images: uint8 or float (n, height, width, channels).
        rng: the only source of randomness; not needed when ``training`` is False.
        training: False standardises each image and does nothing else.
        flip: mirror with probability 1/2, in training.
        crop: zero-pad by 4 and crop, in training, after standardising.

    Returns:
        float32, same shape. The padded border is exactly 0.

    Example:
        >>> augment_batch(np.array([[[[10], [30]]]]), np.random.default_rng(0), training=False).ravel().tolist()
        [-1.0, 1.0]

    Source: Penn CIS 680 HW2, tasks 1.2 to 1.4.
    """
    raise NotImplementedError


# %% check=augment_batch
check(augment_batch)

# %% [markdown]
# ## 5 · The network of table 1
#
# Three times: 5 × 5 convolution ('same'), BatchNormalization, ReLU, 2 × 2 average pooling; 32, 32 and 64 filters. Then
# a dense layer of 64, BatchNormalization, ReLU, and the logits. The maps shrink $32 \to 16 \to 8 \to 4$, so the dense
# layer sees $4 \cdot 4 \cdot 64 = 1{,}024$ numbers. A bias in front of BatchNormalization is subtracted again at once:
# you may leave it out.
#
# **Exercise `build_penn_net`: [[points build_penn_net]]**


# %% exercise=build_penn_net
def build_penn_net(num_classes: int = 10) -> keras.Model:
    """Build the network of table 1 for images of 32 x 32 x 3.

    Args:
        num_classes: number of logits.

    Returns:
        A functional or Sequential model (n, 32, 32, 3) -> logits (n, num_classes). 146,346 parameters for ten classes,
        among them the 384 moving statistics, which alone are not trained; 146,154 without the biases in front of
        BatchNormalization. BatchNormalization keeps its default epsilon.

    Example:
        >>> build_penn_net().output_shape
        (None, 10)

    Source: Penn CIS 680 HW2, table 1.
    """
    raise NotImplementedError


# %% check=build_penn_net
check(build_penn_net)

# %% experiment=picture_of_the_network
# Your network as you built it: what each layer does, the shape of what leaves it, and its parameters.
from coursekit.drawing.architecture import draw_architecture

draw_architecture(build_penn_net(), "The network of table 1")

# %% [markdown]
# ### Does it learn at all? Fifty images
#
# Seconds before minutes: fifty images, standardised, by heart. If the training accuracy does not come close to 1 within
# forty steps, look for the bug now.


# %% experiment=overfit_fifty
def train(model, images, labels, steps, prepare, batch_size=50, learning_rate=2e-3, seed=0):
    """Train with Adam; ``prepare(images, rng)`` makes each batch ready. Returns the accuracy on each batch."""
    rng, optimizer = np.random.default_rng(seed), keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)

    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return tf.reduce_mean(tf.cast(tf.argmax(logits, axis=1, output_type=tf.int32) == y, tf.float32))

    hits = []
    for _ in track(range(steps), "steps"):
        chosen = rng.integers(0, len(images), batch_size)
        hits.append(float(update(tf.constant(prepare(images[chosen], rng)), tf.constant(labels[chosen], tf.int32))))
    return np.array(hits)


keras.utils.set_random_seed(0)
hits = train(
    build_penn_net(), data.x_train[:50], data.y_train[:50], 40, lambda x, rng: augment_batch(x, rng, training=False)
)
print(f"accuracy on the fifty: first step {hits[0]:.2f}, last ten steps {hits[-10:].mean():.2f}")

# %% [markdown]
# ## 6 · Four runs and the upside-down story
#
# Few images are where augmentation matters: we train on 600. The cell takes about two minutes on two cores. **Write
# down your prediction first:** in which order do the four runs end, and how far below them is the upside-down one?
#
# Each accuracy comes with its 95 % interval, $\pm 1.96 \sqrt{a(1-a)/n}$ for $n$ test images. Another report on the same
# homework used 100 test images, so its numbers are good to ± 10 points: its step from 48 to 51 % says nothing.

# %% experiment=four_runs
FEW, STEPS = 600, 220
few_x, few_y = data.x_train[:FEW], data.y_train[:FEW]


def upside_down(x, rng):
    """The student's pipeline: a vertical flip under the name of a horizontal one."""
    return standardize_images(np.where(rng.random(len(x))[:, None, None, None] < 0.5, x[:, ::-1], x))


RUNS = {
    "raw": lambda x, rng: x.astype("float32") / 127.5 - 1,
    "standardised": lambda x, rng: augment_batch(x, rng, training=False),
    "+ flip": lambda x, rng: augment_batch(x, rng, training=True, crop=False),
    "+ flip and crop": lambda x, rng: augment_batch(x, rng, training=True),
    "upside down": upside_down,
}
curves, table = {}, {}
for name, prepare in track(RUNS.items(), "runs", minutes=2):
    keras.utils.set_random_seed(0)
    model = build_penn_net()
    curves[name] = train(model, few_x, few_y, STEPS, prepare)
    ready = RUNS["raw"](data.x_test, None) if name == "raw" else standardize_images(data.x_test)
    right = model.predict(ready, batch_size=500, verbose=0).argmax(axis=1) == data.y_test
    table[name] = right.mean(), 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / len(right)), right
    print(f"{name:16} train {curves[name][-40:].mean():.3f}   held out {table[name][0]:.3f} ± {table[name][1]:.3f}")

# %% [markdown]
# Curves of five runs belong into one figure. Bring `plot_curves` over from A2, or write it again.
#
# **Exercise `plot_curves`: [[points plot_curves]]**


# %% exercise=plot_curves from=a2_first_networks

# %% check=plot_curves
check(plot_curves)

# %% experiment=curves_figure
every = 20
figure = plot_curves(
    {
        name: (every * np.arange(1, STEPS // every + 1), hits.reshape(-1, every).mean(axis=1))
        for name, hits in curves.items()
    },
    "training step",
    "training accuracy, mean of 20 steps",
)
figure.axes[0].set_title("Training accuracy does not rank the networks")
plt.show()

# %% [markdown]
# **Your prediction:** compare it with the held-out column above, not with these curves. The honest augmentations lie
# *below* the standardised run in training, and held out no interval shows them to be worse. The upside-down run learns
# most of its 600 pictures, too, and held out it is far below its control, the flip.
#
# **Which differences are real?** All runs saw the same test images, so compare them image by image: only images on
# which two networks *disagree* tell them apart. If $b$ images are right in the first run alone and $c$ in the second
# alone, and both are equally good, then $b - c$ has mean 0 and deviation $\sqrt{b + c}$ (McNemar).

# %% experiment=which_differences
# each run beside its control; the upside-down run crops nothing, so its control is the flip alone
names = list(table)
for one, other in [*zip(names[:3], names[1:4]), ("+ flip", "upside down")]:
    b, c = np.sum(table[one][2] & ~table[other][2]), np.sum(~table[one][2] & table[other][2])
    print(f"{one:16} -> {other:16} gains {c:3}, loses {b:3}: {(c - b) / np.sqrt(b + c):+5.1f} standard deviations")

# %% [markdown] answer=runs_table
# **Question M3.1 ([[points runs_table]], half a page).** Give the table of the four honest runs with their 95 %
# intervals. Which differences are significant, and how did you decide? The original homework found that standardising
# alone changed next to nothing, in the same network with BatchNormalization: what does it change here, and what about
# these pictures, or these short runs, may make the difference? Why is the training accuracy *lower* with augmentation,
# and why is that no bad sign?

# %% [markdown]
# Which classes suffer in the upside-down run? **Predict** before you run the cell.

# %% experiment=who_suffers
for label, name in enumerate(data.classes):
    mine = data.y_test == label
    honest, wrong = (table[run][2][mine].mean() for run in ("+ flip", "upside down"))
    print(f"{name:12} with mirror images {honest:.2f}   upside down {wrong:.2f}")

# %% [markdown]
# **Your prediction:** a class suffers as far as its upside-down picture looks like *another* class of the set. In our
# drawn pictures the classes come in pairs that are each other upside down, so nearly all lose. Of photographs, those
# lose that are known by what is up and what is down (on CIFAR-10 automobile and deer most, in our run); others may
# even gain, when the network gives their name more often.

# %% [markdown] answer=upside_down_story
# **Question M3.2 ([[points upside_down_story]], one page).** (a) Explain each step of `augment_batch`: which invariance
# of the world does it teach the network, and why is it not used at evaluation? (b) The upside-down story: what did you
# predict, what did you find, and which classes suffer? (c) Why can a vertical flip do harm while a horizontal one
# helps? Name a data set for which it is the other way round. (d) The shared crop cannot be seen in accuracy. Which of
# your own lines of code are you sure of only because a test looked at them?

# %% [markdown]
# ## What to take along
#
# * An augmentation is a statement about the world: "this does not change the class". Check that it is true.
# * Look at what comes out, and test the function itself: accuracy does not show every bug.
# * A number without an interval is a rumour.

# %% [markdown]
# **How far are you?** `progress()` says it anywhere in the notebook: the answer of every check, and the points that are
# still open. Down here, after Restart & Run All, it has seen them all.

# %% experiment=summary
progress()
