# %% [markdown]
# # A2 · First networks: regression, an MLP, a ConvNet, dropout
#
# Three models, one loop. We fit a line by gradient descent, then two small networks on images, then we make the
# networks forget on purpose. On the way we meet three mistakes that people really published: a loss curve that looked
# perfect while the model had learned nothing, an accuracy measured on 219 of 10,000 images, and a dropout that never
# stopped.
#
# 1. How do you know that a falling loss means learning?
# 2. When does a network stop learning and start to remember?
# 3. What does dropout change: the loss, the accuracy, or both?
#
# **How to work.** Each exercise is a function with a docstring and a line `raise NotImplementedError`. Replace that
# line, run the cell, then run the `check(...)` below it: it answers at once, shows the call that went wrong and gives
# a hint. More cases, which nobody has seen, run after you submit; they ask for nothing that the docstring does not
# promise. For three functions, we also *train* with what you wrote and look at the result (the points for accuracy).
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
# In this assignment `build_mlp` may also return a subclassed model, once it is built (G9).
#
# **To read:** [Srivastava et al. 2014](https://jmlr.org/papers/v15/srivastava14a.html), dropout;
# [Kingma and Ba 2015](https://arxiv.org/abs/1412.6980), Adam.

# %%
from coursekit import check, progress  # first: it brings Keras, without TensorFlow's greetings

from collections.abc import Callable

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from coursekit.data import course_data
from keras import layers
from coursekit.tracking import track

# %% [markdown]
# ## 1 · Two tools for looking at curves
#
# Everything below ends in a curve, so we make the tools first. Curves are only comparable in *one* pair of axes, with
# a legend; and a loss that was logged every 100 iterations belongs at 0, 100, 200, not at 0, 1, 2.
#
# **Exercise `plot_curves`: [[points plot_curves]]**


# %% exercise=plot_curves
def plot_curves(series: dict[str, tuple], xlabel: str, ylabel: str) -> plt.Figure:
    """Draw curves into one new figure.

    Args:
        series: name -> (x values, y values), two sequences of the same length; curves may differ in length.
        xlabel: name of the horizontal axis.
        ylabel: name of the vertical axis.

    Returns:
        A new figure with one pair of axes: one line for each entry, with exactly these data and its name as label, told
        apart by colour, line style or marker; both axes named; a legend, also for a single curve. Style is free.

    Example:
        >>> figure = plot_curves({"train": ([0, 100, 200], [2.3, 1.1, 0.6])}, "iteration", "loss")
        >>> [len(axes.lines) for axes in figure.axes]
        [1]

    Source: every figure of the two reports that this course is built on.
    """
    raise NotImplementedError


# %% check=plot_curves
check(plot_curves)

# %% [markdown]
# ### Smoothing without lying
#
# The loss of a mini-batch jumps from step to step. TensorBoard's slider smooths it with an exponential moving average,
# $a_i = w\,a_{i-1} + (1 - w)\,v_i$, which starts at $a = 0$. **By hand**, with $w = 0.5$ and the values 2 and 4:
# $a_1 = 0.5 \cdot 0 + 0.5 \cdot 2 = 1$. The first *smoothed* value of a curve that begins at 2 would be 1. The weights
# that went into $a_1$ add up to $1 - w = 0.5$ only; after $i$ values they add up to $1 - w^i$. Divide by that, and the
# average is honest from the first point on: $1 / 0.5 = 2$, then $2.5 / 0.75 = 3.33$.
#
# **Exercise `ema_smooth`: [[points ema_smooth]]**


# %% exercise=ema_smooth
def ema_smooth(values: list | np.ndarray, weight: float) -> np.ndarray:
    """Smooth a curve by an exponential moving average whose start is corrected.

    Args:
        values: n numbers, a list or an array (n,), integers included.
        weight: w in [0, 1), how much of the old average stays: a = w * a + (1 - w) * v, beginning with a = 0.

    Returns:
        float (n,): the averages, each divided by the sum of the weights that went into it, 1 - w ** (number of values
        so far). Each depends on the values up to its own place alone; weight 0 gives the values themselves.

    Example:
        >>> ema_smooth([2, 4], 0.5)
        array([2.        , 3.33333333])

    Source: TensorBoard's smoothing, used in a report of 2019 on HUJI APML exercise 1.
    """
    raise NotImplementedError


# %% check=ema_smooth
check(ema_smooth)

# %% experiment=smoothing_figure
rng = np.random.default_rng(0)
steps = np.arange(200)
noisy = 0.4 + 2.0 * np.exp(-steps / 60) + rng.normal(0, 0.15, 200)
biased, average = [], 0.0
for value in noisy:
    average = 0.95 * average + 0.05 * value
    biased.append(average)
curves = {
    "as measured": (steps, noisy),
    "weight 0.95": (steps, ema_smooth(noisy, 0.95)),
    "not corrected": (steps, biased),
}
plot_curves(curves, "iteration", "loss of a mini-batch")
plt.show()

# %% [markdown]
# **Explain:** the corrected curve lies *above* the measured one for most of the way down. Why must it, and what does
# that mean for "the iteration where the test loss turns" when you read it off a smoothed curve?

# %% [markdown]
# ## 2 · Linear regression by gradient descent
#
# The course that this exercise comes from used the Boston housing prices. That set has been withdrawn (one of its
# columns scores neighbourhoods by the share of Black residents), so we make our own houses. We then even know the
# truth: prices are linear in the features, with a noise of standard deviation 3.


# %%
def houses(n, rng):
    """Draw n houses: features with units of their own, float64 (n, 5), and prices, float64 (n,)."""
    rooms = rng.integers(2, 9, n)
    area = 18.0 * rooms + rng.normal(0, 15, n)  # square metres; more rooms, more area
    age, distance = rng.uniform(0, 100, n), rng.exponential(8.0, n)  # years, kilometres
    floors = np.full(n, 2.0)  # in this town every house has two
    X = np.column_stack([rooms, area, age, distance, floors])
    y = 20 + 1.5 * rooms + 0.12 * area - 0.06 * age - 0.4 * distance + rng.normal(0, 3, n)
    return X, y


def r_squared(y, prediction):
    """The share of the variance of y that the prediction explains: 1 is perfect, 0 is the mean of y."""
    return 1 - np.mean((np.ravel(y) - np.ravel(prediction)) ** 2) / np.var(y)


# %% [markdown]
# ### Features on one scale
#
# Rooms run from 2 to 8, ages to 100. One learning rate cannot suit both: the loss is a long narrow valley.
# Standardising each *column* (minus its mean, divided by its standard deviation) makes the valley round.
#
# **Which rows may the mean come from?** Whatever you compute from data is learned from data. Statistics that look at
# the test set tell the model something about it; statistics of the test set *alone* map the same house to different
# numbers, depending on its company. Three of seven student solutions of this exercise did that. So: mean and standard
# deviation from the training rows, applied to both. A single test house must come out the same as in a batch.
#
# **Exercise `standardize_features`: [[points standardize_features]]**


# %% exercise=standardize_features
def standardize_features(
    X_train: np.ndarray, X_test: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Standardise the columns of two matrices with the statistics of the first.

    Args:
        X_train: float or int (n, d), the rows that statistics may come from.
        X_test: float or int (m, d), m >= 1; transformed with the statistics of X_train.

    Returns:
        Xtr: float (n, d), each column with mean 0 and standard deviation 1; exactly 0 in a column that is constant.
        Xte: float (m, d); finite, also in such a column.
        mean: float (d,), the column means of X_train.
        std: float (d,), their population standard deviations (divisor n); for a constant column 0 or 1.
        A guard of up to 1e-8 on std is fine. No division by zero occurs on the way.

    Example:
        >>> Xtr, Xte, mean, std = standardize_features(np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[3.0, 5.0]]))
        >>> print(Xtr.tolist(), Xte.tolist(), mean)
        [[-1.0, 0.0], [1.0, 0.0]] [[2.0, 0.0]] [1. 5.]

    Source: HUJI APML exercise 1, linear_regression.py, with training statistics only.
    """
    raise NotImplementedError


# %% check=standardize_features
check(standardize_features)

# %% [markdown]
# ### A perfect loss curve, and nothing learned
#
# The report of 2019 that we follow has, in effect, `loss = mean((y - prediction) ** 2)` with `y` of shape `(n,)`
# and a prediction of shape `(n, 1)`. **Predict first:** what is the shape of the difference?

# %%
truth, prediction = np.array([1.0, 2.0, 6.0]), np.array([[1.0], [2.0], [6.0]])
print("the prediction is perfect; the difference has shape", (truth - prediction).shape)
print(truth - prediction)
print("its mean square:", np.mean((truth - prediction) ** 2), "   twice the variance of y:", 2 * np.var(truth))

# %% [markdown]
# **Your prediction:** `(n,)` and `(n, 1)` broadcast to `(n, n)`. Every prediction was compared with *every* house. The
# best answer to that question is the same for all houses: the mean price. The loss fell smoothly and settled at the
# variance of $y$; the model had learned a constant. Nothing crashed, no shape looked odd, and the curve went into the
# report.
#
# Write the loss so that this cannot happen: compare element $i$ with element $i$, whatever mix of `(n,)` and `(n, 1)`
# arrives, and refuse sizes that differ. Its gradient takes an upstream gradient, as in A1: `dloss` comes from the next
# node of the graph, not from our $y$.
#
# **Exercise `mse_loss`: [[points mse_loss]]**


# %% exercise=mse_loss
def mse_loss(y_true: np.ndarray, y_pred: np.ndarray, dloss: float = 1.0) -> tuple[float, np.ndarray]:
    """Compute the mean squared error and its gradient with respect to the predictions.

    Args:
        y_true: float (n,) or (n, 1).
        y_pred: float (n,) or (n, 1), not necessarily as y_true; element i belongs to element i.
        dloss: the gradient of whatever follows with respect to this loss.

    Returns:
        loss: a number, the mean of (y_pred - y_true) ** 2 over the n elements.
        dpred: shape of y_pred: dloss times the derivative of the loss with respect to each prediction. New array.

    Raises:
        ValueError: when the sizes differ, 1 against n included.

    Example:
        >>> loss, dpred = mse_loss(np.array([1.0, 2.0]), np.array([[2.0], [4.0]]))
        >>> print(loss, dpred.tolist())
        2.5 [[1.0], [2.0]]

    Source: HUJI APML exercise 1, operations.py.
    """
    raise NotImplementedError


# %% check=mse_loss
check(mse_loss)

# %% [markdown]
# ### The loop
#
# Mini-batch gradient descent, the loop inside every `fit`: shuffle, slice, predict, compare, step. An *epoch* visits
# every sample exactly once; when the batch size does not divide $n$, the last batch is smaller, and is used. The
# gradient of the mean squared error of a batch $B$ with residual $r = X_B w + b - y_B$ is
#
# $$\frac{\partial L}{\partial w} = \frac{2}{|B|} X_B^\top r, \qquad \frac{\partial L}{\partial b} = \frac{2}{|B|} \sum_i r_i.$$
#
# **By hand.** Two samples $x = 1, -1$ with $y = 3, 1$, one batch, learning rate 0.1, start at $w = b = 0$. Then $r =
# (-3, -1)$, the loss is $(9 + 1) / 2 = 5$, the gradients are $\frac{2}{2}(-3 + 1) = -2$ and $\frac{2}{2}(-4) = -4$, and
# after the step $w = 0.2$, $b = 0.4$. The 5 was measured *before* the step.
#
# **Exercise `train_linear_regression`: [[points train_linear_regression]]**


# %% exercise=train_linear_regression
def train_linear_regression(
    X: np.ndarray, y: np.ndarray, epochs: int, learning_rate: float, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, float, list]:
    """Fit y = X w + b by mini-batch gradient descent on the mean squared error, from w = 0 and b = 0.

    Args:
        X: float (n, d).
        y: float (n,) or (n, 1).
        epochs: how often every sample is visited; each epoch in a fresh random order.
        learning_rate: of the plain step, parameter - learning_rate * gradient.
        batch_size: consecutive slices of the order have this length; the last one may be shorter and is used, too. May
            exceed n.
        rng: the only source of randomness; how it makes the order is free.

    Returns:
        w: float (d,) or (d, 1).
        b: a number, or an array (1,). Both gradients of a step are taken at the same, old w and b.
        losses: one number per epoch: the mean over its mini-batches of their mean squared errors, each measured before
            its own step; weighting by the batches' sizes is fine, too.

    Example:
        >>> X, y = np.array([[1.0], [-1.0]]), np.array([3.0, 1.0])
        >>> w, b, losses = train_linear_regression(X, y, 1, 0.1, 2, np.random.default_rng(0))
        >>> print(np.ravel(w).round(6), np.ravel(b).round(6), np.round(losses, 6))
        [0.2] [0.4] [5.]

    Source: HUJI APML exercise 1, linear_regression.py.
    """
    raise NotImplementedError


# %% check=train_linear_regression
check(train_linear_regression)

# %% experiment=regression
# Your loop beside the best line there is. Least squares is the control: no linear model has a smaller training loss.
rng = np.random.default_rng(0)
(X_train, y_train), (X_test, y_test) = houses(506, rng), houses(2000, rng)
Xtr, Xte, mean, std = standardize_features(X_train, X_test)
fits = {rate: train_linear_regression(Xtr, y_train, 50, rate, 32, np.random.default_rng(1)) for rate in (0.01, 1e-4)}

best, *_ = np.linalg.lstsq(np.column_stack([Xtr, np.ones(len(Xtr))]), y_train, rcond=None)
floor = np.mean((Xtr @ best[:-1] + best[-1] - y_train) ** 2)
print(f"least squares             loss {floor:7.2f}   held-out R² {r_squared(y_test, Xte @ best[:-1] + best[-1]):6.3f}")
for rate, (w, b, losses) in fits.items():
    prediction = Xte @ np.ravel(w) + np.ravel(b)
    print(f"learning rate {rate:<10g}  loss {losses[-1]:7.2f}   held-out R² {r_squared(y_test, prediction):6.3f}")
print(f"a constant, the mean      loss {np.var(y_train):7.2f}")

# %% [markdown]
# ### The curve of that model
#
# With the n × n residual, the gradient of prediction $i$ is an average over all targets of the batch: $p_i - \bar y_B$.
# On the full batch the bug *is* a regression onto the constant target $\bar y$, and we can look at it without writing
# it: train on $\bar y$. (In mini-batches $\bar y_B$ still holds $y_i$ itself, one target of $|B|$, so $1/|B|$ of the
# true slopes gets through: with batches of 32 an $R^2$ of about 0.05 instead of 0.) The loss that the report shows is
# the mean over all pairs, $\frac{1}{n^2} \sum_{i,j} (y_j - p_i)^2$, which equals $\mathrm{Var}(y) + \frac{1}{n} \sum_i
# (p_i - \bar y)^2$.
#
# **Predict first:** where does that curve end, and what is its $R^2$?

# %% experiment=broadcast_story
constant = np.full(len(y_train), y_train.mean())
w_bug, b_bug, inner = train_linear_regression(Xtr, constant, 50, 0.01, 32, np.random.default_rng(1))
epochs = np.arange(1, 51)
series = {
    "element by element": (epochs, fits[0.01][2]),
    "n × n residual": (epochs, np.var(y_train) + np.array(inner)),
    "variance of y": (epochs, np.full(50, np.var(y_train))),
    "least squares": (epochs, np.full(50, floor)),
}
figure = plot_curves(series, "epoch", "mean loss of the epoch")
figure.axes[0].set(yscale="log", title="Both losses fall and settle. One model predicts a constant")
plt.show()
print("held-out R² of the n × n model:", round(r_squared(y_test, Xte @ np.ravel(w_bug) + np.ravel(b_bug)), 3))

# %% [markdown]
# **Your prediction:** the curve comes to rest on the line "variance of y", and $R^2$ is 0: no feature was used. (On
# held-out houses a little below 0, because their mean price is not exactly the one that the model has learned.)

# %% [markdown] answer=regression_report
# **Question M2.1 ([[points regression_report]], ten lines).** (a) Report the loss and the held-out $R^2$ of your model
# at both learning rates, beside least squares; say what keeps each of them from the least-squares loss. (b) Somebody
# shows you the curve of the n × n model alone, without the others. Which *number*, computed from $y$ alone, tells you
# that something is wrong, and why does "the loss went down" prove nothing? (c) Which one line of code would have caught
# the mistake?

# %% [markdown]
# ## 3 · Measuring honestly
#
# Ten thousand test images do not fit into one batch, so we evaluate in batches. That is four lines, and people got
# three of them wrong:
#
# - The report's final test took batch number $i$ as `X[i : i + batch_size]`. **By hand:** 100 images in batches of 10.
#   Which images do the ten batches cover, and how many different ones are there? (It had 10,000 images in batches of 64,
#   so 156 full batches; the same count gives $155 + 64 = 219$.)
# - The last batch is smaller. Averaging the batches' accuracies gives its images more weight than the others'.
# - $-\log \mathrm{softmax}$ of a logit of 1,000 needs $e^{1000}$, which is inf in float64. Subtract the largest logit
#   of each row first: softmax does not change, and no exponential exceeds 1.
#
# **Exercise `evaluate_batched`: [[points evaluate_batched]]**


# %% exercise=evaluate_batched
def evaluate_batched(predict_logits: Callable, X: np.ndarray, y: np.ndarray, batch_size: int) -> tuple[float, float]:
    """Measure the loss and the accuracy of a classifier on a whole set, a batch at a time.

    Args:
        predict_logits: takes the images of one batch, at most batch_size of them, and returns their logits (n, k), an
            array or a tensor of any size of numbers, up to 1e5.
        X: float (n, ...), n >= 1.
        y: int (n,), classes 0 to k - 1.
        batch_size: need not divide n, and may exceed it.

    Returns:
        mean_loss: the mean over all n samples of the softmax cross-entropy, -log softmax(logits)[y].
        accuracy: the fraction, 0 to 1, of samples whose largest logit is that of their class.
        Every sample counts once and equally, so neither number depends on batch_size or on the order of the samples.

    Example:
        >>> logits = np.log([[1.0, 3.0], [3.0, 1.0], [1.0, 3.0]])  # here the logits are the "images"
        >>> loss, accuracy = evaluate_batched(lambda x: x, logits, np.array([1, 1, 1]), 2)
        >>> print(round(loss, 4), round(accuracy, 4))  # (2 log 4/3 + log 4) / 3, two of three
        0.6539 0.6667

    Source: the final test of a report of 2019 on HUJI APML exercise 1, made right.
    """
    raise NotImplementedError


# %% check=evaluate_batched
check(evaluate_batched)

# %% [markdown]
# ### How sure is an accuracy?
#
# An accuracy measured on $n$ images has a standard error of $\sqrt{a(1-a)/n}$. The other report of this course
# compared networks on 100 test images, where a difference of 5 points is noise. We use 2,000 and print the 95 %
# interval.


# %%
def interval(accuracy, n):
    """An accuracy on n images with the half width of its 95 % interval, as text."""
    return f"{accuracy:.3f} ± {1.96 * np.sqrt(accuracy * (1 - accuracy) / n):.3f}"


print("on 100 images:  ", interval(0.48, 100), "and", interval(0.51, 100))
print("on 2,000 images:", interval(0.48, 2000), "and", interval(0.51, 2000))

# %% [markdown]
# ## 4 · An MLP and a ConvNet
#
# The multilayer perceptron sees an image as a list of numbers: flatten, one hidden layer with ReLU, ten *logits*. A
# logit is any real number; softmax belongs to the loss, where it can be computed without overflow. Put one at the end
# of the model as well, and the loss applies softmax twice. Keras's own losses notice it: they warn, and take what came
# before the softmax, so that the numbers are those of the right model. A loss of your own, `evaluate_batched` for one,
# does not notice: probabilities are "logits" from 0 to 1, so for ten classes the loss cannot fall below $\log(1 + 9/e)
# = 1.46$ however good the network is, it learns slowly, and no error tells you.
#
# **By hand:** $28 \cdot 28 = 784$ inputs, 100 hidden units, 10 outputs, with biases. How many parameters? The check
# wants 79,510.
#
# **Exercise `build_mlp`: [[points build_mlp]]**


# %% exercise=build_mlp
def build_mlp(
    input_shape: tuple = (28, 28), hidden: int = 100, num_classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build a perceptron with one hidden layer: flatten, dense, ReLU, dropout if there is any, dense.

    Args:
        input_shape: of one image, without the batch; any number of axes.
        hidden: number of hidden units.
        num_classes: number of logits.
        dropout: the probability, in [0, 1), with which a hidden unit is dropped during training; never at test time.

    Returns:
        A model that is built on return (its parameters can be counted), from images (n, *input_shape) to logits
        (n, num_classes). Initialisers are free; every layer is trainable.

    Example:
        >>> build_mlp().count_params()
        79510

    Source: HUJI APML exercise 1, model.py.
    """
    raise NotImplementedError


# %% check=build_mlp
check(build_mlp)

# %% [markdown]
# The ConvNet looks at 3 × 3 neighbourhoods, the same way everywhere, and thins out the map after each look:
# max-pooling with a 2 × 2 window that *moves* by 2 halves both sides. **By hand:** 28 → 14 → 7; the first convolution
# has $3 \cdot 3 \cdot 1 \cdot 20 + 20$ parameters, the second $3 \cdot 3 \cdot 20 \cdot 20 + 20$, the logits $7 \cdot
# 7 \cdot 20 \cdot 10 + 10$. The check wants 13,630: a sixth of the MLP. (Two of four student solutions pooled with
# stride 1. The result has 160,630 parameters and still trains.)
#
# **Exercise `build_convnet`: [[points build_convnet]]**


# %% exercise=build_convnet
def build_convnet(
    input_shape: tuple = (28, 28, 1), filters: int = 20, num_classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build a ConvNet of two blocks, each a convolution with ReLU, a pooling, and dropout if there is any.

    Args:
        input_shape: (height, width, channels) of one image.
        filters: number of filters of both convolutions: 3 x 3, stride 1, 'same' padding, followed by ReLU.
        num_classes: number of logits, from one dense layer after flattening.
        dropout: the probability, in [0, 1), with which each value is dropped during training, after the max-pooling
            (2 x 2, stride 2) of each of the two blocks; never at test time.

    Returns:
        A model that is built on return, from images (n, height, width, channels) to logits (n, num_classes).
        Initialisers are free; every layer is trainable.

    Example:
        >>> build_convnet().count_params()
        13630

    Source: HUJI APML exercise 1, model.py; 'same' padding and ReLU are our choice, its text is silent.
    """
    raise NotImplementedError


# %% check=build_convnet
check(build_convnet)

# %% experiment=picture_of_both
# Your two networks as you built them: what each layer does, the shape of what leaves it, and its parameters.
from coursekit.drawing.architecture import draw_architecture

draw_architecture(build_mlp((28, 28, 1), dropout=0.25), "The MLP")
draw_architecture(build_convnet(dropout=0.25), "The ConvNet")

# %% [markdown]
# ### The training loop
#
# You have written one; now Keras takes the gradients. The loop below logs the loss and the accuracy of *all* training
# images and *all* held-out images with your `evaluate_batched`, dropout off. It draws batches with replacement, as the
# original did.


# %%
def train(build, train_set, test_set, steps, every, seed=0, batch_size=64):
    """Train a fresh model with Adam; returns it and its log: iterations, losses and accuracies on both sets."""
    keras.utils.set_random_seed(seed)
    model, rng = build(), np.random.default_rng(seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    log = {"iteration": [], "train": [], "test": []}
    for step in track(range(steps + 1), "steps"):
        if step % every == 0:
            log["iteration"].append(step)
            for name, (x, y) in [("train", train_set), ("test", test_set)]:
                log[name].append(evaluate_batched(model.predict_on_batch, x, y, 500))
        chosen = rng.integers(0, len(train_set[0]), batch_size)
        model.train_on_batch(train_set[0][chosen], train_set[1][chosen])
    return model, {name: np.array(values) for name, values in log.items()}


# %% experiment=data
from coursekit.drawing.pictures import show_images

# 500 images to learn from, so that memory is cheap, and 2,000 to be honest.
data = course_data("grey", train=500, test=2000)
train_set = (data.x_train.astype("float32") / 255, data.y_train)
test_set = (data.x_test.astype("float32") / 255, data.y_test)
firsts = [data.x_train[data.y_train == label][0] for label in range(10)]
show_images(firsts, columns=5, titles=data.classes, title=data.name)

# %% [markdown]
# ### First, overfit 50 images
#
# The cheapest test of a network and its loop: 50 images, less than a minute. A model with thousands of parameters that
# cannot remember 50 images has a bug, and an hour of training will not find it. **Predict first:** where does the loss
# start? **Your prediction:** with ten classes and nothing known near $\log 10 = 2.30$; random weights already prefer
# some classes a little.

# %% experiment=overfit_fifty
fifty = (train_set[0][:50], train_set[1][:50])
for name, build in [("MLP", lambda: build_mlp((28, 28, 1))), ("ConvNet", build_convnet)]:
    _, log = train(build, fifty, fifty, steps=300, every=300)
    (first, _), (last, accuracy) = log["train"]
    print(f"{name:8} loss {first:.2f} -> {last:.3f}, accuracy {accuracy:.2f} on the same 50 images")

# %% [markdown]
# ### Then, 500 images
#
# Three models: a linear classifier (the control: what can be had without a hidden layer?), the MLP, the ConvNet. The
# cell takes about a minute on two cores.
#
# **Predict first:** which of the two networks reaches zero training loss first? Which has the smaller gap between
# training and test? And does the test *loss* end where the test *accuracy* is best?


# %% experiment=three_networks
def linear():
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)])


logs = {}
runs = {
    "linear": (linear, 3000),
    "MLP": (lambda: build_mlp((28, 28, 1)), 3000),
    "ConvNet": (build_convnet, 1500),
}
for name, (build, steps) in track(runs.items(), "networks", minutes=1):
    logs[name] = train(build, train_set, test_set, steps, every=steps // 20)[1]
for name, log in logs.items():
    losses = log["test"][:, 0]
    turn = log["iteration"][losses.argmin()]
    print(f"{name:8} test accuracy {interval(log['test'][-1, 1], 2000)}, training accuracy {log['train'][-1, 1]:.3f}")
    print(f"{'':8} test loss smallest at iteration {turn}: {losses.min():.3f}, at the end {losses[-1]:.3f}")


# %% experiment=loss_and_accuracy_figures
def curves(logs, which):
    """Four curves for plot_curves: train and test of each log; which is 0 for the loss, 1 for the accuracy."""
    return {
        f"{name}, {split}": (log["iteration"], log[split][:, which])
        for name, log in logs.items()
        for split in ("train", "test")
    }


two = {name: logs[name] for name in ("MLP", "ConvNet")}
plot_curves(curves(two, 0), "iteration", "loss (mean cross-entropy, nats)")
plot_curves(curves(two, 1), "iteration", "accuracy")
plt.show()

# %% [markdown]
# **Your prediction:** it depends on the pictures. On the synthetic data the ConvNet comes down to zero in half the
# steps of the MLP, and its gap is clearly the smaller one. On Fashion-MNIST, where even the linear classifier
# remembers all 500 images, the MLP is the faster one, and the gaps are nearly alike. And no: on both, the test loss is
# smallest long before the end, while the test accuracy still creeps up or stays.

# %% [markdown] answer=mlp_convnet_report
# **Question M2.2 ([[points mlp_convnet_report]], half a page, with your figures).** (a) Show the four loss curves and
# the four accuracy curves. At which iteration does each network's test loss turn, and what does its training loss do
# there? (b) Derive the parameter counts of both networks layer by layer. The ConvNet has a sixth of the parameters: is
# it better, and why (not)? Compare it with the MLP and with the linear control, using the 95 % intervals. (c) From the
# turn on, "the model gets worse" by one of the two measures. By which, and by which not?

# %% [markdown]
# ## 5 · Dropout
#
# A network that remembers relies on accidents of single units. Dropout makes every unit unreliable: in training, each
# is set to zero with probability `rate`. The layer after it must not notice on average, so the survivors are divided
# by the probability to survive: *inverted* dropout. **By hand:** a unit of 3 with rate 0.25 is 0 in a quarter of the
# steps and $3 / 0.75 = 4$ in the others; the mean is $0.75 \cdot 4 = 3$. At test time there is then nothing to do at
# all.
#
# **Exercise `dropout_forward`: [[points dropout_forward]]**


# %% exercise=dropout_forward
def dropout_forward(
    x: np.ndarray, rate: float, rng: np.random.Generator, training: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Apply inverted dropout.

    Args:
        x: float32 or float64, any shape.
        rate: the probability with which an element is dropped, in [0, 1).
        rng: the only source of randomness; drawn from when training and rate > 0.
        training: False for test time.

    Returns:
        out: shape and dtype of x: x * mask.
        mask: shape and dtype of x: every element, independently of all others and in every call anew, 0 with
            probability rate and 1 / (1 - rate) otherwise. At test time, and for rate 0, all ones: out equals x.

    Example:
        >>> out, mask = dropout_forward(np.full((50, 20), 3.0), 0.25, np.random.default_rng(0))
        >>> print(np.unique(out), np.unique(mask).round(3))
        [0. 4.] [0.    1.333]

    Source: Srivastava et al. 2014, in the inverted form that every framework uses.
    """
    raise NotImplementedError


# %% check=dropout_forward
check(dropout_forward)

# %% experiment=dropout_mean
# The mean of many dropped copies is the input; the mean of a *nonlinear* function of them is not its value at the mean.
rng = np.random.default_rng(0)
x = np.linspace(-2, 2, 41)
copies = np.array([dropout_forward(x, 0.5, rng)[0] for _ in range(4000)])
series = {
    "x": (x, x),
    "mean of dropped x": (x, copies.mean(axis=0)),
    "relu(1 - x)": (x, np.maximum(0, 1 - x)),
    "mean of relu(1 - dropped x)": (x, np.maximum(0, 1 - copies).mean(axis=0)),
}
plot_curves(series, "x", "value")
plt.show()

# %% [markdown]
# **Explain:** the first two curves agree, the last two do not. So in what sense is the network at test time "the
# average" of all the thinned networks that were trained?
#
# ### A dropout that never stops
#
# A framework must know whether it is training. `layers.Dropout(rate)(x, training=True)` bakes the answer in: the layer
# then drops at test time, too, as in the report's final test. In Keras 3 there is a trap for whoever looks for that
# mistake: an explicit `model(x, training=False)` overrides what was baked in and hides it; a plain `model(x)`, which
# is what `predict` and you will call, shows it.

# %% experiment=dropout_that_never_stops
inputs = keras.Input((6,))
baked = keras.Model(inputs, layers.Dropout(0.5)(inputs, training=True))
ones = np.ones((1, 6), np.float32)
print("model(x, training=False):", np.asarray(baked(ones, training=False)))
print("model(x):                ", np.asarray(baked(ones)))

# %% [markdown]
# ### With and without
#
# Now both networks with dropout 0.25: the MLP on its hidden units, the ConvNet after each pooling. The cell takes about
# a minute on two cores.
#
# **Predict first**, for each network: does the training loss rise or fall? The test loss? The test accuracy?

# %% experiment=dropout_comparison
runs = {
    "MLP .25": (lambda: build_mlp((28, 28, 1), dropout=0.25), 3000),
    "ConvNet .25": (lambda: build_convnet(dropout=0.25), 1500),
}
for name, (build, steps) in track(runs.items(), "networks", minutes=1):
    logs[name] = train(build, train_set, test_set, steps, every=steps // 20)[1]
print("                train loss   test loss: smallest, last   test accuracy")
for name in ("MLP", "MLP .25", "ConvNet", "ConvNet .25"):
    trained, losses, accuracies = logs[name]["train"][-1, 0], *logs[name]["test"].T
    sure = interval(accuracies[-1], 2000)
    print(f"{name:12} {trained:12.3f} {losses.min():19.3f} {losses[-1]:7.3f}   {sure}")
for name in ("MLP", "ConvNet"):
    figure = plot_curves(curves({name: logs[name], f"{name} .25": logs[f"{name} .25"]}, 0), "iteration", "loss (nats)")
plt.show()

# %% [markdown]
# **Your prediction:** on the synthetic data the training loss rises for both, and the test loss falls for both. On
# Fashion-MNIST that is true of the ConvNet; the curves of the MLP nearly lie on each other. The accuracy tells less:
# compare the intervals before you call one better.
#
# **If you have time:** rates 0.1 and 0.5; a second seed (`seed=1`). How much does an accuracy change from seed to
# seed, and how does that compare with the 95 % interval, which knows only about the test images?

# %% [markdown] answer=dropout_report
# **Question M2.3 ([[points dropout_report]], half a page, with your figures).** (a) Compare both networks with and
# without dropout: training loss, test loss, test accuracy, gap, with intervals. (b) The test *loss* without dropout
# rises for a long time while the test *accuracy* does not fall. How can that be? Say what happens to the logits of an
# image that is classified wrongly, and of one that is classified rightly. (c) Why does dropout help the loss more than
# the accuracy?

# %% [markdown]
# **Before you submit:** Kernel → Restart & Run All. A check that passes now, in order, from a fresh start, is one that
# the grader sees, too.

# %% [markdown]
# **How far are you?** `progress()` says it anywhere in the notebook: the answer of every check, and the points that are
# still open. Down here, after Restart & Run All, it has seen them all.

# %% experiment=summary
progress()
