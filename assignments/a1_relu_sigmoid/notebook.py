# %% [markdown]
# # A1 · Thresholds, sigmoids, backward passes
#
# Before a framework does it for us, we compute a few layers by hand: forward, backward, and in the numbers that a
# computer really has. Three questions lead through the notebook.
#
# 1. A colleague proposes a "parameterised ReLU", $f(o; t) = \max\{t, o\}$. Can a network with it compute anything that
#    an ordinary ReLU network cannot?
# 2. Why does every framework store the *output* of a sigmoid, and not its input?
# 3. What exactly flows backward through a layer, and where do we have to add?
#
# **How to work.** Each exercise is a function with a docstring and a line `raise NotImplementedError`. Replace that
# line, run the cell, then run the `check(...)` below it: it answers at once, shows the call that went wrong and gives a
# hint. The public cases are small enough for pencil and paper. More cases, which nobody has seen, run after you submit;
# they ask for nothing that the docstring does not promise.
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
# In this assignment there are no models and no chance: G5 and G7 to G10 begin to matter in A2.
#
# **To read:** [Glorot, Bordes and Bengio 2011](https://proceedings.mlr.press/v15/glorot11a.html), why rectifiers;
# [LeCun et al. 1998](http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf), backward passes in practice.

# %%
import matplotlib.pyplot as plt
import numpy as np
from coursekit import check, progress

# %% [markdown]
# ## 1 · The parameterised ReLU
#
# An ordinary ReLU outputs $\max\{0, o\}$. The parameterised one outputs $\max\{t, o\}$ with a threshold $t$ that may
# differ from unit to unit and may be negative. Below $t$ the unit is *clamped*: it outputs $t$ itself. Above all three
# thresholds the three lines are one; wide lines lie under narrow ones, so that you see them all.

# %% experiment=threshold_figure
o = np.linspace(-2, 2, 401)
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for t, color, width in [(-0.9, "#d55e00", 7), (0, "black", 4), (0.7, "#56b4e9", 1.5)]:
    axes.plot(o, np.maximum(t, o), color=color, linewidth=width, label="ReLU, t = 0" if t == 0 else f"t = {t}")
axes.set(xlabel="pre-activation o", ylabel="output max(t, o)", title="A threshold moves the kink along the diagonal")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# One practical detail: a float32 array and a float64 *array* give float64. Since NumPy 2 a single `np.float64` number
# has the same effect (a plain Python number has not). A layer that silently doubles the memory of every activation is a
# bug, so give `t` the dtype of `x` first.
#
# **Exercise `threshold_relu`: [[points threshold_relu]]**


# %% exercise=threshold_relu
def threshold_relu(x: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """Compute the parameterised ReLU max{t, x}, element by element.

    Args:
        x: float32 or float64 (n, c) or (n, height, width, c), pre-activations.
        t: a number, or an array (c,) with one threshold per unit or channel (the last axis of x). May be negative.

    Returns:
        Array with the shape and the dtype of x, in new memory even where nothing is clamped. At x = t the result is t.

    Example:
        >>> threshold_relu(np.array([[-1.0, 2.0]]), 0.5)
        array([[0.5, 2. ]])

    Source: a report of 2019 on HUJI APML exercise 1, section 1.1.
    """
    raise NotImplementedError


# %% check=threshold_relu
check(threshold_relu)

# %% [markdown]
# ### A tool you will use all semester: the numerical gradient
#
# Before you trust a backward pass, compare it with a difference quotient. For a function $f$ and an upstream gradient
# `dout` (what flows in from above, $\partial L / \partial f$) the chain rule says
# $\partial L / \partial x_i = \sum_j \mathtt{dout}_j \, \partial f_j / \partial x_i$, and the right-hand side can be
# *measured*: move $x_i$ a little up and a little down, and see how $\sum_j \mathtt{dout}_j f_j$ changes.
#
# Use a **random** `dout`. With `dout` = 1 you cannot see that you forgot to multiply by it.


# %%
def numeric_grad(f, x, dout, step=1e-6):
    """Measure the gradient of sum(dout * f(x)) by central differences; x: float64 array of any shape."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = np.sum(dout * (f(up) - f(down))) / (2 * step)
    return gradient


# The gradient of the sum of squares is 2 x: about ten digits agree.
x = np.array([1.0, -2.0, 3.0])
print(numeric_grad(lambda v: v**2, x, dout=np.ones(3)), "should be", 2 * x)

# %% [markdown]
# ### Backward through the threshold
#
# Each entry of the output is one of two things: $x$, or $t$. The upstream gradient flows into whichever it was.
#
# **Predict first:** a unit is clamped for every image of a batch. What does gradient descent then do to $t$, and what
# to the weights in front of the unit?
#
# The threshold is *shared*: one $t$ serves the whole batch (and for images, every pixel of its channel). A shared
# parameter collects the gradient of each of its uses: **add**, never average. The mean is already inside the loss.
#
# **Exercise `threshold_relu_backward`: [[points threshold_relu_backward]]**


# %% exercise=threshold_relu_backward
def threshold_relu_backward(dout: np.ndarray, x: np.ndarray, t: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Propagate a gradient through max{t, x}, to the input and to the threshold.

    Args:
        dout: float, shape of x, the gradient of the loss with respect to the output. May hold inf.
        x: float32 or float64 (n, c) or (n, height, width, c), the input of the forward pass; never equal to t.
        t: a number, or an array (c,).

    Returns:
        dx: shape and dtype of x; dout where x > t, and exactly 0 elsewhere, whatever dout is there.
        dt: shape of t; the sum of dout over the clamped entries (x < t) that used this threshold.

    Example:
        >>> dx, dt = threshold_relu_backward(np.array([[1.0, 2.0]]), np.array([[-1.0, 3.0]]), 0.5)
        >>> print(dx, dt)
        [[0. 2.]] 1.0

    Source: chain rule; for x = t no derivative exists, and no case asks for it.
    """
    raise NotImplementedError


# %% check=threshold_relu_backward
check(threshold_relu_backward)

# %% experiment=threshold_gradient
# Your own check, with a random upstream gradient. Both differences should be below 1e-8.
rng = np.random.default_rng(0)
x, t = rng.normal(size=(4, 3)), np.array([0.3, -0.2, 0.0])
dout = rng.normal(size=x.shape)
dx, dt = threshold_relu_backward(dout, x, t)
print("dx:", np.abs(dx - numeric_grad(lambda v: threshold_relu(v, t), x, dout)).max())
print("dt:", np.abs(dt - numeric_grad(lambda v: threshold_relu(x, v), t, dout)).max())

# %% [markdown]
# **Your prediction:** nothing flows to the weights of a unit that is clamped for the whole batch, they stay as they are
# (as with a dead ReLU). But here the threshold itself still moves, by the sum of the upstream gradient over the batch.
# If that takes $t$ down far enough, some image is no longer clamped, and the weights learn again.
#
# ## 2 · Folding a threshold into the biases
#
# Is $\max\{t, \cdot\}$ more powerful than ReLU? Look at one unit:
#
# $$\max\{t, z\} = t + \max\{0, z - t\}.$$
#
# So a unit with a threshold is a ReLU unit whose bias has become $b - t$ (smaller for $t > 0$, larger for $t < 0$),
# followed by a constant $+t$. And a constant input of the next layer is just another bias.
#
# **By hand.** One hidden unit, $z = 3x + 1$, threshold $t = 2$, next layer $y = 10\,h + 5$. With the threshold,
# $x = 0$ gives $h = \max\{2, 1\} = 2$ and $y = 25$. Folded: $z' = 3x + (1 - 2)$, $h' = \max\{0, -1\} = 0$, and the next
# bias must make $y = 25$ out of it: $5 + 2 \cdot 10 = 25$. Only biases moved.
#
# With many units the constant vector $(t_1, \dots, t_m)$ passes through the next layer's weights. Our kernels are
# `(in, out)`; many texts, the report among them, write `(out, in)`. In a square layer no shape will warn you.
#
# **Exercise `fold_threshold_dense`: [[points fold_threshold_dense]]**


# %% exercise=fold_threshold_dense
def fold_threshold_dense(
    b1: np.ndarray, t: float | np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fold the threshold of max{t, x W1 + b1} into two bias vectors, so that an ordinary ReLU computes the same.

    For every x: max{t, x W1 + b1} W2 + b2 = relu(x W1 + b1_new) W2 + b2_new.

    Args:
        b1: float (m,), bias of the layer with the threshold.
        t: a number, or an array (m,) with one threshold per unit. May be negative or 0.
        W2: float (m, k), kernel of the next layer, (in, out).
        b2: float (k,), bias of the next layer.

    Returns:
        b1_new: (m,), new array with the dtype of b1.
        b2_new: (k,), new array with the dtype of b2.

    Example:
        >>> b1_new, b2_new = fold_threshold_dense(np.array([1.0]), 2.0, np.array([[10.0]]), np.array([5.0]))
        >>> print(b1_new, b2_new)
        [-1.] [25.]

    Source: a report of 2019 on HUJI APML exercise 1, section 1.1 (there with W as (out, in)).
    """
    raise NotImplementedError


# %% check=fold_threshold_dense
check(fold_threshold_dense)

# %% [markdown]
# ### A whole network
#
# Now every hidden layer has thresholds. A middle layer is on both sides of the argument: it receives the shift of the
# layer before it, and it gives its own to the layer after it.
#
# If the *output* is thresholded as well, nothing follows that could absorb its $+t$. Then we cannot hide it; we report
# it as `out_shift`, to be added to the folded network's output.
#
# **Exercise `fold_threshold_network`: [[points fold_threshold_network]]**


# %% exercise=fold_threshold_network
def fold_threshold_network(layers_: list, thresholds: list) -> tuple[list, np.ndarray]:
    """Fold every threshold of a dense network into its biases.

    Args:
        layers_: L pairs (W, b), W float (in, out), b float (out,); tuples or lists.
        thresholds: one for each hidden layer (length L - 1, linear output) or one for each layer (length L, the output
            is thresholded too); each a number or an array (out,). Empty for a single linear layer.

    Returns:
        new_layers: L pairs (W, b_new); the weights keep their values, the biases are new arrays of the same dtype.
        out_shift: (k,) with k the width of the last layer: original(x) = relu_network(x) + out_shift. Zeros for a
            linear output, the output's threshold otherwise.

    Example:
        >>> layers, shift = fold_threshold_network([(np.array([[2.0]]), np.array([1.0]))], [0.25])
        >>> print(layers[0][1], shift)
        [0.75] [0.25]

    Source: a report of 2019 on HUJI APML exercise 1, section 1.1, "repeat layer by layer".
    """
    raise NotImplementedError


# %% check=fold_threshold_network
check(fold_threshold_network)

# %% experiment=network_equality
# Do both networks agree on inputs that nobody chose? The difference should be rounding, 1e-14 or less.
rng = np.random.default_rng(1)
widths = [3, 5, 4, 2]
layers = [(rng.normal(size=(m, k)), rng.normal(size=k)) for m, k in zip(widths, widths[1:])]
thresholds = [rng.normal(size=5), 0.3]
folded, shift = fold_threshold_network(layers, thresholds)
h = g = rng.normal(size=(50, 3))
for i in range(3):
    h = h @ layers[i][0] + layers[i][1]
    g = g @ folded[i][0] + folded[i][1]
    if i < 2:
        h, g = np.maximum(thresholds[i], h), np.maximum(0, g)
print("largest difference on 50 inputs:", np.abs(h - (g + shift)).max())

# %% [markdown] answer=fold_proof
# **Question M1.1 ([[points fold_proof]], about one page).** Prove that dense networks with $\max\{t, \cdot\}$ and dense
# networks with ReLU compute exactly the same functions. Show *both* inclusions. For the interesting one, treat one
# layer, then the bias of the next layer in index form and in matrix form (with kernels as `(in, out)`), then the
# induction, including the layer that both receives and gives a shift, and say what happens at the last layer.

# %% [markdown]
# ### In front of a convolution
#
# A convolution with `'valid'` padding is a dense layer seen through a window: every tap sees real activations, in the
# folded network each $t$ too low, and the correction is the same at every pixel.
#
# With `'same'` padding something new happens. Every real activation is $t$ higher than in the folded network, but the
# frame of zeros is 0 in *both*. At the border, some taps fall on the frame and need no correction:

# %% experiment=border_figure
from coursekit.drawing.pictures import show_table

height, width, taps = 5, 6, 3
inside = np.zeros((height, width), int)
for row in range(height):
    for column in range(width):
        rows = [row + i - 1 for i in range(taps) if 0 <= row + i - 1 < height]
        columns = [column + j - 1 for j in range(taps) if 0 <= column + j - 1 < width]
        inside[row, column] = len(rows) * len(columns)
show_table(inside, "column", "row", "Taps of a 3 x 3 kernel that see the image", digits=0)

# %% [markdown]
# One number per output channel cannot be right everywhere. We need a bias *map*: one number per output pixel and
# channel.
#
# **How frameworks pad.** For input height $H$, kernel height $k$ and stride $s$ the output has $H_o = \lceil H/s
# \rceil$ rows, the padding has $p = \max\{(H_o - 1)s + k - H, 0\}$ rows in total, $\lfloor p/2 \rfloor$ of them at the
# top: with an even kernel or a stride the frame is not symmetric. And what they call convolution is a
# cross-correlation: the kernel is not flipped.
#
# **Exercise `fold_threshold_conv`: [[points fold_threshold_conv]]**


# %% exercise=fold_threshold_conv
def fold_threshold_conv(
    b1: np.ndarray,
    t: float | np.ndarray,
    W2: np.ndarray,
    b2: np.ndarray,
    *,
    padding: str,
    input_hw: tuple[int, int] | None = None,
    strides: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Fold the threshold of max{t, z1 + b1} into b1 and into the bias of the convolution that follows.

    Args:
        b1: float (ci,), bias of the layer with the threshold.
        t: a number, or an array (ci,) with one threshold per channel.
        W2: float (kh, kw, ci, co), kernel of the convolution that follows (cross-correlation, not flipped).
        b2: float (co,), its bias.
        padding: 'valid' or 'same'.
        input_hw: (height, width) of the convolution's input; given when padding is 'same'.
        strides: of the convolution, the same in both directions.

    Returns:
        b1_new: (ci,), new array with the dtype of b1.
        b2_new: new array with the dtype of b2; (co,) for 'valid', and for 'same' a bias map
            (ceil(height / strides), ceil(width / strides), co) that is added to the output of the convolution.

    Example:
        >>> _, bias_map = fold_threshold_conv(
        ...     np.zeros(1), 1.0, np.ones((3, 3, 1, 1)), np.zeros(1), padding="same", input_hw=(3, 3)
        ... )
        >>> print(bias_map[..., 0])
        [[4. 6. 4.]
         [6. 9. 6.]
         [4. 6. 4.]]

    Source: the convolutional half of the question, which the HUJI report leaves open.
    """
    raise NotImplementedError


# %% check=fold_threshold_conv
check(fold_threshold_conv)

# %% [markdown] answer=same_padding_proof
# **Question M1.2 ([[points same_padding_proof]], half a page).** (a) Why can no *vector* of biases fold a threshold in
# front of a 'same' convolution? (b) Give a counter-example with one channel, one layer of threshold $t \ne 0$ and three
# taps, and show that some output is wrong whatever shared bias you choose: one that is right in the middle is wrong at
# the edge, and the other way round. (c) Name one way to repair it. *Bonus:* which of max-pooling, average pooling,
# flatten, batch normalisation and dropout commute with adding a constant?

# %% [markdown]
# ## 3 · The sigmoid
#
# $\sigma(x) = 1 / (1 + e^{-x})$, and one line of calculus gives $\sigma' = \sigma\,(1 - \sigma)$: the derivative can be
# computed from the *output* alone. That is why the forward pass hands its output to the backward pass:
#
# ```
#   forward      x  ──────────────►  [ σ ]  ── s = σ(x) ──────►  L
#                                      │ cache: s
#   backward    dx  ◄──────────────  [ σ ]  ◄── dout = ∂L/∂s ──  L        dx comes from dout and s alone
# ```

# %% [markdown]
# ### The formula on paper, and in float32
#
# **Predict first:** float32 reaches about $3.4 \cdot 10^{38} \approx e^{88.7}$. What does `1 / (1 + np.exp(-x))` do at
# $x = -100$? And `np.exp(x) / (1 + np.exp(x))` at $x = +100$?

# %% experiment=overflow_figure
x = np.linspace(-120, 120, 2401, dtype=np.float32)
with np.errstate(all="ignore"):
    growing = np.exp(x)
    quotient = growing / (1 + growing)
overflow = x[np.isinf(growing)].min()
figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4.6), sharex=True, layout="constrained")
top.plot(x, growing, color="#0072b2")
top.set(yscale="log", ylabel="exp(x)", title=f"float32: exp(x) is inf from x = {overflow:.1f} on")
bottom.plot(x, quotient, color="#d55e00")
bottom.set(xlabel="x (float32)", ylabel="exp(x) / (1 + exp(x))", xlim=(x.min(), x.max()), ylim=(-0.05, 1.05))
for axes in (top, bottom):
    axes.axvspan(overflow, x.max(), color="0.85")
bottom.text((overflow + x.max()) / 2, 0.5, "inf / inf\n= nan", ha="center", va="center")
plt.show()

# %% [markdown]
# **Your prediction:** at $x = +100$ the quotient is inf / inf = nan. The first formula has its trouble on the left: at
# $x = -100$ `np.exp(-x)` is inf, and the result, $1/\infty = 0$, happens to be right, but an overflow warning in every
# training step hides the next real one. A good sigmoid never overflows. *Underflow* is welcome: $e^{-1000}$ is 0, and
# that is the right answer.
#
# **Exercise `sigmoid_forward`: [[points sigmoid_forward]]**


# %% exercise=sigmoid_forward
def sigmoid_forward(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the logistic sigmoid, and what the backward pass will need.

    Args:
        x: float32 or float64, any shape, () included; any value, +-inf included.

    Returns:
        s: shape and dtype of x, 0 <= s <= 1, within 1e-12 (float64) or 1e-6 (float32) of the sigmoid. No overflow,
            invalid value or division by zero occurs on the way, for any x.
        cache: the output s itself, or a copy of it.

    Example:
        >>> s, cache = sigmoid_forward(np.array([0.0, -1000.0]))
        >>> print(s, cache)
        [0.5 0. ] [0.5 0. ]

    Source: a report of 2019 on HUJI APML exercise 1, section 1.2.
    """
    raise NotImplementedError


# %% check=sigmoid_forward
check(sigmoid_forward)


# %% [markdown]
# **Exercise `sigmoid_backward`: [[points sigmoid_backward]]**


# %% exercise=sigmoid_backward
def sigmoid_backward(dout: np.ndarray, cache: np.ndarray) -> np.ndarray:
    """Propagate a gradient through the sigmoid, from its cached output alone.

    Args:
        dout: float, any shape, finite, the gradient of the loss with respect to the output.
        cache: shape of dout, the output s of the forward pass, 0 <= s <= 1.

    Returns:
        dx: shape and dtype of cache; exactly 0 where s is 0 or 1. No argument is changed.

    Example:
        >>> sigmoid_backward(np.array([2.0]), np.array([0.5]))
        array([0.5])

    Source: a report of 2019 on HUJI APML exercise 1, section 1.2: the derivative is s - s ** 2.
    """
    raise NotImplementedError


# %% check=sigmoid_backward
check(sigmoid_backward)

# %% experiment=sigmoid_gradient
# Your own check again. Then try x = 40: what is s there, what is the gradient, and what does that mean for learning?
rng = np.random.default_rng(2)
x, dout = rng.normal(size=6), rng.normal(size=6)
s, cache = sigmoid_forward(x)
print(np.abs(sigmoid_backward(dout, cache) - numeric_grad(lambda v: sigmoid_forward(v)[0], x, dout)).max())

# %% [markdown] answer=sigmoid_proof
# **Question M1.3 ([[points sigmoid_proof]], half a page).** (a) Derive $\sigma' = \sigma - \sigma^2$. (b) Count the
# operations that backward needs per element with the cached output, and without it. (c) Why does `exp(-x)` overflow in
# float32 below about $x = -88$, and what does a stable form do instead?

# %% [markdown]
# ## 4 · The affine layer
#
# $y = xW + b$ is the layer you will use most. Three gradients leave it, and each answers the same question: *which
# outputs did this number reach?* An entry of $x$ reaches one row of $y$; an entry of $W$, and one of $b$, reaches one
# column, in every row. What was shared by the rows is summed over the rows.
#
# **Predict first:** $N = D = K = 4$. Which mistakes would no shape error reveal?
#
# **Exercise `affine_backward`: [[points affine_backward]]**


# %% exercise=affine_backward
def affine_backward(dout: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Propagate a gradient through y = x W + b.

    Args:
        dout: float (n, k), the gradient of the loss with respect to y, from the next node of the graph.
        cache: (x, W, b) of the forward pass: float (n, d), (d, k), (k,).

    Returns:
        dx: (n, d), dW: (d, k), db: (k,): sums over the batch, never means. New arrays; nothing in cache is changed.

    Example:
        >>> dx, dW, db = affine_backward(np.array([[1.0]]), (np.array([[2.0]]), np.array([[3.0]]), np.array([0.0])))
        >>> print(dx, dW, db)
        [[3.]] [[2.]] [1.]

    Source: operations.py of HUJI APML exercise 1, with a bias.
    """
    raise NotImplementedError


# %% check=affine_backward
check(affine_backward)

# %% experiment=affine_gradient
# The last check by differences: one line for each of the three.
rng = np.random.default_rng(3)
x, W, b, dout = rng.normal(size=(6, 3)), rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(6, 5))
dx, dW, db = affine_backward(dout, (x, W, b))
print("dx:", np.abs(dx - numeric_grad(lambda v: v @ W + b, x, dout)).max())
print("dW:", np.abs(dW - numeric_grad(lambda v: x @ v + b, W, dout)).max())
print("db:", np.abs(db - numeric_grad(lambda v: x @ W + v, b, dout)).max())

# %% [markdown]
# **Your prediction:** with $N = D = K$ every product of two of the three matrices has the right shape, transposed or
# not, in either order; and a sum over the wrong axis has the right length. Only numbers can tell: that is why the
# checks, and the cell above, use three different sizes.
#
# **Before you submit:** Kernel → Restart & Run All. A check that passes now, in order, from a fresh start, is one that
# the grader sees, too.

# %% [markdown]
# **How far are you?** `progress()` says it anywhere in the notebook: the answer of every check, and the points that are
# still open. Down here, after Restart & Run All, it has seen them all.

# %% experiment=summary
progress()
