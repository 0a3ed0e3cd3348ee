# %% [markdown]
# # A6 · Adversarial images
#
# Take a picture that your network recognises with 99 % confidence. Change every pixel a little, so little that you have to
# look twice to see it. The network now says something else, with 99 % confidence. This is no accident of a bad network: it
# works for nearly every picture and every network. In this notebook you build two such attacks, look at what they do, and ask
# whether a picture that fools one network fools another.
#
# A number from 2017 stands at the beginning. A student made 20 adversarial images against one network and showed them to a
# second one: it classified only 15 % of them correctly. "The attack transfers!" Did it? The images had been saved as PNG
# files, and the second network, trained on *standardised* pictures, was fed raw values from 0 to 255. It would have failed on
# untouched pictures as well. **Nobody had tried them.** The last exercise is built so that this cannot happen to you.
#
# **How to work.** Replace `raise NotImplementedError`, run the cell, then the `check(...)` below it. Public cases are small
# enough for pencil and paper; hidden cases ask for nothing that the docstring does not promise.
#
# **Agreements that hold in the whole course**
#
# | | | |
# |---|---|---|
# | G1 | images | `(n, height, width, channels)`, labels `int (n,)` |
# | G2 | kernels | dense `(in, out)`; convolution `(rows, columns, in, out)` |
# | G3 | functions are pure | never change an argument, never return memory shared with one where a new array is promised |
# | G4 | dtypes | keep the floating dtype of the input |
# | G5 | randomness | only from the generator that is passed in; nothing in this notebook is random but the experiments |
# | G6 | tolerance | relative 1e-6 in float64, 1e-3 in float32 |
# | G7 | models | return **logits**, no softmax inside |
# | G8 | loss | softmax cross-entropy; here often the *sum*, and the docstring says why |
# | G9 | models are | functional or Sequential, of Keras layers, not nested |
# | G10 | at import | nothing is printed, plotted or downloaded |

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from checks import check
from datasets import course_data
from keras import layers

# %% [markdown]
# ## 1 · The gradient of the picture
#
# In training we ask how the loss changes with the *weights*, and move the weights. Now the weights stay, and we ask how the
# loss changes with the *pixels*.
#
# * **Sum, not mean.** With the mean over a batch of 100, every picture's gradient would shrink to a hundredth, and depend on
#   how many others stand beside it. The loss of picture $j$ does not contain picture $i$, so the gradient of the *sum* is, picture
#   by picture, exactly the gradient that each would have alone.
# * **As it is deployed.** We attack the network that people use: `training=False`, no dropout, fixed statistics.
# * **From logits.** An attack pushes the network to be sure and wrong. Then $p(y)$ is so small that float32 calls it 0, and
#   the gradient of $\log(p + 10^{-7})$ is 0 as well: the attack stops where it should be strongest.
#
# **By hand.** A network that returns its two pixels as logits, picture $(\ln 3, 0)$: $p = (\frac34, \frac14)$. For true class 0 the
# gradient is $p - (1, 0) = (-\frac14, \frac14)$.

# %% exercise=input_gradient
def input_gradient(model: keras.Model, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Compute the gradient of the summed cross-entropy with respect to the images.

    Args:
        model: returns logits (n, k).
        x: float32 (n, height, width, channels).
        y: int (n,), classes.

    Returns:
        Array with the shape and dtype of x: the gradient of sum_i CE(logits_i, y_i), stable also for a confidently wrong
        image. The model is called with ``training=False`` and left as it is.

    Example:
        >>> two_logits = keras.Sequential([keras.Input((1, 2, 1)), layers.Flatten()])
        >>> input_gradient(two_logits, np.zeros((1, 1, 2, 1), "float32"), np.array([0])).ravel().tolist()
        [-0.5, 0.5]

    Source: Goodfellow et al. 2015, section 4; Penn CIS 680 HW2, task 3.
    """
    raise NotImplementedError

# %% check=input_gradient
check(input_gradient)

# %% [markdown]
# ### Two victims
#
# Two different networks learn the same task: a ConvNet with dropout, and a plain network with one hidden layer. Seconds
# first: if fifty pictures cannot be learnt by heart, stop here.

# %% experiment=train_victims
data = course_data("grey")
x_train, x_test = (x.astype("float32") / 255 for x in (data.x_train, data.x_test))


def train(model, steps, images=x_train, labels=data.y_train, batch_size=64):
    optimizer, rng = keras.optimizers.Adam(2e-3), np.random.default_rng(0)
    optimizer.build(model.trainable_variables)

    @tf.function
    def update(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    for _ in range(steps):
        chosen = rng.integers(0, len(images), batch_size)
        loss = update(tf.constant(images[chosen]), tf.constant(labels[chosen], tf.int32))
    return float(loss)


def convnet():
    x = inputs = keras.Input((28, 28, 1))
    for _ in range(2):
        x = layers.Conv2D(20, 3, padding="same", activation="relu")(x)
        x = layers.Dropout(0.25)(layers.MaxPooling2D(2)(x))
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


def one_hidden_layer():
    inputs = keras.Input((28, 28, 1))
    return keras.Model(inputs, layers.Dense(10)(layers.Dense(100, activation="relu")(layers.Flatten()(inputs))))


keras.utils.set_random_seed(0)
print(f"loss on fifty pictures: {train(convnet(), 150, x_train[:50], data.y_train[:50]):.3f}")
victims = {"ConvNet": convnet(), "one hidden layer": one_hidden_layer()}
for name, model in victims.items():
    train(model, 600)
    hits = np.mean(model.predict(x_test, verbose=0, batch_size=500).argmax(axis=1) == data.y_test)
    print(f"{name:16} held out {hits:.3f} ± {1.96 * np.sqrt(hits * (1 - hits) / len(x_test)):.3f}   ({data.name})")

# %% [markdown]
# ## 2 · One step for every pixel
#
# How do we move all pixels by at most $\varepsilon$, so that the loss grows most? The loss changes by $\sum_i g_i\,\delta_i$, and each
# term is largest for $\delta_i = \varepsilon\,\mathrm{sign}(g_i)$. A pixel with a tiny gradient moves as far as one with a huge one:
# many small votes in one direction. (A gradient of exactly 0 does not vote.) Afterwards every pixel is clipped into its range:
# an attack with pixels darker than black fools a network, but no camera ever took that picture.

# %% exercise=fgsm_step
def fgsm_step(
    x: np.ndarray, grad: np.ndarray, eps: float, lo: float | np.ndarray, hi: float | np.ndarray
) -> np.ndarray:
    """Take one step of size eps along the sign of the gradient, and clip.

    Args:
        x: float (n, height, width, channels).
        grad: shape of x.
        eps: step, in the units of x.
        lo, hi: range of a pixel: numbers, or arrays (channels,) for standardised images.

    Returns:
        clip(x + eps * sign(grad), lo, hi), new array with the dtype of x; sign(0) is 0.

    Example:
        >>> fgsm_step(np.array([0.25, 0.5, 1.0]), np.array([-3.0, 0.0, 1e-6]), 0.125, 0.0, 1.0).tolist()
        [0.125, 0.5, 1.0]

    Source: Goodfellow et al. 2015, equation 1.
    """
    raise NotImplementedError

# %% check=fgsm_step
check(fgsm_step)

# %% [markdown]
# ## 3 · Step by step, until the network is sure
#
# One step often makes the network doubt; many small steps make it sure. Repeat: look at the picture *as it is now*; if the
# network names a wrong class with at least 99 %, stop; if the steps are used up, stop; otherwise take the gradient **at the
# current picture, for the true class**, and step.
#
# The original homework took 100 steps whatever happened, and wrote down the confidence *before* the last one. Ours belongs to
# the picture that is returned.

# %% exercise=iterated_fgsm
def iterated_fgsm(
    model: keras.Model, x: np.ndarray, y: int, eps: float, lo: float, hi: float,
    confidence: float = 0.99, max_iter: int = 100,
) -> dict:
    """Push one image away from its class until the network is sure of another one.

    Args:
        model: returns logits (1, k).
        x: float32 (1, height, width, channels).
        y: true class.
        eps, lo, hi: as in ``fgsm_step``.
        confidence: softmax of the wrong class at which the attack stops, successful.
        max_iter: steps at most; 0 only looks.

    Returns:
        dict with ``x_adv`` (shape and dtype of x, new memory), ``pred`` (int) and ``confidence`` (float) of the network on
        x_adv, ``steps`` taken (int) and ``success`` (bool): pred != y and confidence reached. Both conditions for
        stopping are tested before each step, the first included.

    Example:
        >>> sure = keras.Sequential([keras.Input((1, 2, 1)), layers.Flatten()])
        >>> image = np.array([0.0, 10.0], "float32").reshape(1, 1, 2, 1)
        >>> found = iterated_fgsm(sure, image, 0, 0.1, 0.0, 10.0)
        >>> found["steps"], found["pred"], found["success"]
        (0, 1, True)

    Source: Kurakin et al. 2017, section 2.2; Penn CIS 680 HW2, task 3.
    """
    raise NotImplementedError

# %% check=iterated_fgsm
check(iterated_fgsm)

# %% [markdown]
# **Predict first:** pixels lie in [0, 1], a step is 0.01. How many steps does a well recognised picture survive? Will the
# attacked picture look like the class that the network now sees?

# %% experiment=first_attack
model = victims["ConvNet"]
probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x_test, verbose=0, batch_size=500)))
right = np.flatnonzero((probabilities.argmax(axis=1) == data.y_test) & (probabilities.max(axis=1) > 0.9))
# two pictures of each class, the same every time
chosen = np.concatenate([right[data.y_test[right] == label][:2] for label in range(10)])
figure, axes = plt.subplots(2, 3, figsize=(8, 5.2), layout="constrained")
for row, i in zip(axes, chosen[[0, 6]]):
    found = iterated_fgsm(model, x_test[i : i + 1], int(data.y_test[i]), 0.01, 0.0, 1.0)
    difference = found["x_adv"][0, ..., 0] - x_test[i, ..., 0]
    titles = [f"{data.classes[data.y_test[i]]}, {probabilities[i].max():.3f}", f"difference, {found['steps']} steps",
              f"{data.classes[found['pred']]}, {found['confidence']:.3f}"]
    limit = np.abs(difference).max()
    pictures = [(x_test[i, ..., 0], "gray", 0, 1), (difference, "RdBu", -limit, limit), (found["x_adv"][0, ..., 0], "gray", 0, 1)]
    for axis, title, (picture, cmap, low, high) in zip(row, titles, pictures):
        shown = axis.imshow(picture, cmap=cmap, vmin=low, vmax=high)
        axis.set_title(title)
        axis.axis("off")
    figure.colorbar(shown, ax=row[2], label="intensity", shrink=0.8)
plt.show()

# %% [markdown]
# ## 4 · A chosen target, and a price for changes
#
# The second attack wants more: the network shall see *this* class, and the picture shall change little. Both wishes go into
# one loss,
#
# $$L(x) = \mathrm{CE}(x, \text{target}) + \lambda \cdot \frac1N \sum_i |x_i - x_i^{(0)}|,$$
#
# and gradient **descent** on the pixels makes it small. The second term is the *mean* absolute difference. Reports often
# write "$\ell_1$ norm", which is the sum; but with the sum and $\lambda = 0.05$ the price for 784 pixels is so high that not one of 20
# attacks reached its target in 10 000 steps. With the mean, all 20 did. (Where $x_i = x_i^{(0)}$ the absolute value has a kink;
# take 0 there.)

# %% exercise=targeted_l1
def targeted_l1(
    model: keras.Model, x: np.ndarray, x0: np.ndarray, target: int, lam: float = 0.05
) -> tuple[float, np.ndarray]:
    """Compute the loss of a targeted attack on one image, and its gradient.

    Args:
        model: returns logits (1, k); called with ``training=False``.
        x: float32 (1, height, width, channels), the image as it is now.
        x0: shape of x, the original.
        target: class that the network shall see.
        lam: price of the mean absolute difference.

    Returns:
        loss: CE(logits(x), target) + lam * mean|x - x0|, a float.
        grad: its gradient with respect to x, shape and dtype of x; the second term gives 0 where x = x0.

    Example:
        >>> two_logits = keras.Sequential([keras.Input((1, 2, 1)), layers.Flatten()])
        >>> zero = np.zeros((1, 1, 2, 1), "float32")
        >>> loss, grad = targeted_l1(two_logits, zero, zero, target=1)
        >>> print(round(loss, 4), grad.ravel().tolist())
        0.6931 [0.5, -0.5]

    Source: HUJI APML exercise 1, section 2.5, with the mean of its published code.
    """
    raise NotImplementedError

# %% check=targeted_l1
check(targeted_l1)

# %% exercise=targeted_attack
def targeted_attack(
    model: keras.Model, x0: np.ndarray, target: int, lam: float = 0.05, lr: float = 0.001, stop: float = 0.95,
    max_iter: int = 10000, lo: float = 0.0, hi: float = 1.0,
) -> dict:
    """Descend on the pixels of one image until the network sees the target.

    Args:
        model: returns logits (1, k).
        x0: float32 (1, height, width, channels), stays as it is; every penalty is measured from here.
        target: class that the network shall see.
        lam: as in ``targeted_l1``.
        lr: step x <- clip(x - lr * grad, lo, hi): the plain gradient, no sign.
        stop: softmax of the target that must be exceeded.
        max_iter: steps at most.
        lo, hi: range of a pixel.

    Returns:
        dict with ``x_adv``, ``prob`` (softmax of the target on x_adv, a float), ``steps`` taken, and ``success``
        (prob > stop). Tested before each step, the first included.

    Example:
        >>> two_logits = keras.Sequential([keras.Input((1, 2, 1)), layers.Flatten()])
        >>> image = np.array([0.0, 1.0], "float32").reshape(1, 1, 2, 1)
        >>> targeted_attack(two_logits, image, target=1, stop=0.7)["steps"]
        0

    Source: HUJI APML exercise 1, section 2.5.
    """
    raise NotImplementedError

# %% check=targeted_attack
check(targeted_attack)

# %% [markdown]
# The original used a step of 0.001 and thousands of iterations for each picture. With 0.1 the same attack takes some dozens:
# seconds instead of minutes. Try 0.001 on one picture if you are curious.

# %% experiment=twenty_attacks
gallery = []
for i in chosen:
    target = int((data.y_test[i] + 3) % 10)
    found = targeted_attack(model, x_test[i : i + 1], target, lr=0.1, max_iter=400)
    gallery.append((i, target, found))
    difference = found["x_adv"] - x_test[i]
    print(f"{data.classes[data.y_test[i]]:>10} -> {data.classes[target]:<10} p = {found['prob']:.3f}  {found['steps']:3} steps  "
          f"largest change {np.abs(difference).max():.2f}  mean change {np.abs(difference).mean():.4f}")
print(f"{sum(found['success'] for *_, found in gallery)} of {len(gallery)} attacks succeed")

# %% experiment=gallery_figure
figure, axes = plt.subplots(6, 10, figsize=(12, 7.6), layout="constrained")
for k, (i, target, found) in enumerate(gallery):
    top, column = 3 * (k % 2), k // 2
    difference = found["x_adv"][0, ..., 0] - x_test[i, ..., 0]
    axes[top, column].imshow(x_test[i, ..., 0], cmap="gray", vmin=0, vmax=1)
    shown = axes[top + 1, column].imshow(difference, cmap="RdBu", vmin=-0.6, vmax=0.6)
    axes[top + 2, column].imshow(found["x_adv"][0, ..., 0], cmap="gray", vmin=0, vmax=1)
    axes[top, column].set_title(data.classes[data.y_test[i]], fontsize=9)
    axes[top + 2, column].set_title(f"→ {data.classes[target]}", fontsize=9)
for axis in axes.flat:
    axis.axis("off")
figure.colorbar(shown, ax=axes, label="change of intensity", shrink=0.5)
plt.show()

# %% [markdown] answer=attack_gallery
# **Question M6.1 (7 points, half a page).** Show your 20 pairs with their difference images (zero in the middle of a two-sided
# colour map). Give the largest and the mean absolute change of each. Where in the picture do the changes sit, and do they look
# like the target class? Which attacks failed or were expensive, and what do they have in common?

# %% [markdown]
# ## 5 · Does it transfer?
#
# A picture made against network A is shown to network B. The whole experiment is one matrix: **row $i$, the pictures made
# against model $i$; column $j$, the accuracy of model $j$ on them**, against the true labels. Three things keep it honest:
#
# * Every column is a *predictor of raw pictures*. Whatever preprocessing a network needs happens inside its own predictor. No
#   picture is ever normalised for one network and shown to another.
# * One extra row holds the **clean** pictures. If a network fails on those, its other numbers say nothing.
# * One extra row holds **noise**: the same pictures with random signs of the same size. An attack has to beat noise.

# %% exercise=transfer_matrix
def transfer_matrix(adv_sets: list, predictors: list, labels: np.ndarray | list) -> np.ndarray:
    """Measure the accuracy of every network on every set of images.

    Args:
        adv_sets: m arrays of raw images (n_i, height, width, channels).
        predictors: k callables, raw images -> logits (n_i, classes), array or tensor; each does its own preprocessing.
        labels: true classes, one int array (n,) for all sets, or a list or tuple with one array for each set.

    Returns:
        float (m, k): entry [i, j] is the accuracy of predictor j on set i, a fraction in [0, 1].

    Raises:
        ValueError: when a set and its labels differ in length.

    Example:
        >>> always_one = lambda images: np.eye(2)[np.ones(len(images), int)]
        >>> transfer_matrix([np.zeros((4, 1, 1, 1))], [always_one], np.array([1, 1, 1, 0])).tolist()
        [[0.75]]

    Source: Penn CIS 680 HW2, task 3, with the two controls that it lacked.
    """
    raise NotImplementedError

# %% check=transfer_matrix
check(transfer_matrix)

# %% experiment=transfer_experiment
EPS = 0.15
pictures, truth = x_test[right[:60]], data.y_test[right[:60]]


def against(model):
    """Each picture pushed away from its class, at most EPS for each pixel, in ten steps."""
    attacked = [iterated_fgsm(model, x[None], int(y), EPS / 10, np.maximum(x - EPS, 0), np.minimum(x + EPS, 1),
                              confidence=1.1, max_iter=10)["x_adv"][0] for x, y in zip(pictures, truth)]
    return np.array(attacked)


rng = np.random.default_rng(0)
noise = np.clip(pictures + EPS * rng.choice([-1, 1], pictures.shape), 0, 1).astype("float32")
predictors = [lambda images, model=model: model.predict(images, verbose=0) for model in victims.values()]
sets = {"clean": pictures, "noise of the same size": noise,
        **{f"made against {name}": against(model) for name, model in victims.items()}}
matrix = transfer_matrix(list(sets.values()), predictors, truth)
print(f"{'accuracy of':32}" + "".join(f"{name:>18}" for name in victims))
for name, row in zip(sets, matrix):
    print(f"{name:32}" + "".join(f"{value:18.2f}" for value in row))

# %% [markdown]
# How strong must an attack be? Bring `plot_curves` over from A2, or write it again.

# %% exercise=plot_curves from=a2_first_networks

# %% check=plot_curves
check(plot_curves)

# %% experiment=strength_figure
strengths = np.array([0.0, 0.02, 0.05, 0.1, 0.15, 0.2])
model, predict = victims["ConvNet"], predictors[0]
gradient = input_gradient(model, pictures, truth)
signs = rng.choice([-1.0, 1.0], pictures.shape)
curves = {"along the sign of the gradient": [], "random signs": []}
for eps in strengths:
    for name, direction in zip(curves, (gradient, signs)):
        moved = fgsm_step(pictures, direction, eps, 0.0, 1.0)
        curves[name].append(np.mean(predict(moved).argmax(axis=1) == truth))
figure = plot_curves({name: (strengths, values) for name, values in curves.items()},
                     "step for each pixel (range of intensities: 1)", "accuracy of the ConvNet")
figure.axes[0].set_title("The direction matters, not the size")
plt.show()

# %% [markdown] answer=transfer_report
# **Question M6.2 (9 points, one page).** Give your matrix with the clean row and the noise row. (a) Explain the diagonal and the
# entries beside it. (b) What would the matrix look like if one predictor forgot to scale its input, and which row would tell
# you? (c) The original 15 % were 3 of 20 pictures. Give the 95 % interval of that number, and say which control was missing. (d)
# Why does noise of the same size do so little? Think of the sum of $g_i \delta_i$ over 784 pixels.

# %% [markdown] answer=fgsm_or_descent
# **Question M6.3 (4 points, a quarter page).** Compare `iterated_fgsm` and `targeted_attack` on your pictures: number of steps,
# largest change, mean change, and what you see. Why does the sign attack change *every* pixel, and the descent only some?

# %% [markdown]
# ## What to take along
#
# * The gradient that trains a network also shows how to fool it.
# * A result about two networks needs the row in which nothing was done.
# * Preprocessing belongs to the network, not to the data.
