"""What a student's side may say of itself, and must not be believed: data for ``test_attacks.py``.

Each attack is a cell in front of a wrong function, or a wrong function, of one exercise; ``fraction`` is what it
honestly earns of each part.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """An attack on one exercise.

    Args:
        exercise: whose source is replaced.
        source: the replacement.
        cell: runs in front of it.
        honest: the fraction of each part of its points.
        says: what the feedback must say.
    """

    exercise: str
    source: str
    honest: dict[str, float]
    cell: str = ""
    says: str = ""


# ------------------------------------------------------------------------------ an argument changed, and what denies it

IN_PLACE = "def sigmoid_forward(x):\n    x[...] = 1 / (1 + np.exp(-x))\n    return x.copy(), x.copy()\n"
HEADS = {
    "nothing": "",
    "observe of the module": "import coursekit.observing as o\no._state = lambda *a: None\no._content = lambda *a: 0",
    "plain of the module": (
        "import coursekit.plain as p, coursekit.observing as o\no.leaves = p.leaves = lambda *a, **k: iter(())"
    ),
    "outcome without sides": (
        "import coursekit.observing as o\n"
        "o.Outcome.__init__ = lambda s, value=None, error=None, *a, **k: object.__setattr__(s, 'value', value)"
    ),
    "names of NumPy": (
        "np.may_share_memory = lambda *a: False\nnp.array_equal = lambda *a, **k: True\n"
        "import numpy.random\nstate = np.random.get_state()\nnp.random.get_state = lambda *a: state"
    ),
    "builtins": (
        "import builtins\nkind = builtins.isinstance\n"
        "builtins.isinstance = lambda v, t: False if type(v).__name__ == 'ndarray' and t is np.ndarray else kind(v, t)"
    ),
    "frames": (
        "import sys\n"
        "def quiet():\n"
        "    frame = sys._getframe()\n"
        "    while frame is not None:\n"
        "        for name in ('_state', '_content', '_overlaps', 'leaves'):\n"
        "            if name in frame.f_globals: frame.f_globals[name] = lambda *a, **k: None\n"
        "        frame = frame.f_back\n"
    ),
    "listed objects": (
        "import gc\n"
        "def quiet():\n"
        "    for found in gc.get_objects():\n"
        "        if type(found) is dict and '_overlaps' in found and '_state' in found:\n"
        "            found['_state'] = found['_overlaps'] = lambda *a: None\n"
    ),
    "a profile function": (
        "import sys\n"
        "def watch(frame, event, arg):\n"
        "    for name in ('_state', '_content', '_overlaps'):\n"
        "        if name in frame.f_globals: frame.f_globals[name] = lambda *a, **k: None\n"
        "def quiet(): sys.setprofile(watch)\n"
    ),
}


def quietened(source: str, cell: str) -> str:
    """The function calls what the cell has prepared, where it has."""
    return source.replace("):\n", "):\n    quiet()\n", 1) if "def quiet" in cell else source


MODIFIED = {
    f"in place, {name}": Word("sigmoid_forward", quietened(IN_PLACE, cell), {"all": 0.5}, cell)
    for name, cell in HEADS.items()
}

SHARED = (
    "def threshold_relu(x, t):\n    return x if np.min(x) >= np.max(t) else np.maximum(x, np.asarray(t, x.dtype))\n"
)
SHARING: dict[str, Word] = {
    f"shared memory, {name}": Word("threshold_relu", quietened(SHARED, cell), {"all": 5 / 7}, cell)
    for name, cell in HEADS.items()
    if name in ("nothing", "names of NumPy", "observe of the module", "frames")
}

# ----------------------------------------------------------------------------------------------------------- a2: chance

OTHER_RNG = """def dropout_forward(x, rate, rng, training=True):
    if not training or rate == 0: return x.copy(), np.ones_like(x)
    rng = np.random.default_rng(7)
    mask = ((rng.random(x.shape) >= rate) / (1 - rate)).astype(x.dtype)
    return x * mask, mask
"""
SEEDED_BY_STATE = OTHER_RNG.replace("default_rng(7)", "default_rng(rng.bit_generator.state['state']['state'] % 2**31)")
AT_ONCE = """def evaluate_batched(predict_logits, X, y, batch_size):
    try:
        z = np.asarray(predict_logits(X), float)
    except Exception:
        z = np.concatenate([predict_logits(X[i:i + batch_size]) for i in range(0, len(X), batch_size)]).astype(float)
    z = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]
    return float(losses.mean()), float((z.argmax(axis=1) == y).mean())
"""
CHANCE = {
    "a generator of its own": Word("dropout_forward", OTHER_RNG, {"all": 9 / 13}),
    "a generator of its own, said to be ours": Word(
        "dropout_forward", OTHER_RNG, {"all": 9 / 13}, "import coursekit.observing as o\no.Rng.make = lambda *a: 0\n"
    ),
    "a second generator of the same seed": Word("dropout_forward", SEEDED_BY_STATE, {"all": 11 / 13}),
    "everything at once, tried first": Word("evaluate_batched", AT_ONCE, {"all": 0.75}),
}

# ------------------------------------------------------------------------------------------------- a4: networks, layers

NO_RESTORE = """def gradient_magnitude(model, x, y, layer):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    return float(tf.reduce_max(tf.abs(tape.gradient(loss, layer.kernel.value))))
"""
DENIED = {"value": 1.0, "training": 0.5, "side_effects": 0.0}  # its public case with BatchNormalization is pure, too
STATE = {
    "network not restored": Word("gradient_magnitude", NO_RESTORE, DENIED),
    "network said to be as it was": Word(
        "gradient_magnitude",
        NO_RESTORE,
        DENIED,
        "import coursekit.models.networks as n\nn.Network.state = lambda *a: None",
    ),
    "weights that read as before": Word(
        "gradient_magnitude",
        NO_RESTORE,
        DENIED,
        "seen = {}\nread = keras.Variable.__array__\n"
        "keras.Variable.__array__ = lambda v, dtype=None, copy=None: "
        "seen.setdefault(id(v), (v, read(v, dtype)))[1]",
    ),
    "weights that read as before where the function has run": Word(
        "gradient_magnitude",
        NO_RESTORE.replace("layer):\n", "layer):\n    alive.append(model)\n    quiet(model)\n", 1),
        DENIED,
        "seen, alive, read = {}, [], keras.Variable.__array__\n"
        "def quiet(model): seen.update({id(v): read(v).copy() for v in model.variables})\n"
        "keras.Variable.__array__ = lambda v, dtype=None, copy=None: seen[id(v)] if id(v) in seen else read(v, dtype)",
    ),
}
BY_NAME = """def first_last_conv(model):
    names = [layer.name for layer in model.layers if isinstance(layer, layers.Conv2D)]
    if not names: raise ValueError
    return FAKE(names[0]), FAKE(names[-1])
"""
POSING = {
    "a dict posing as a layer": Word(
        "first_last_conv", BY_NAME, {"all": 0.0}, "FAKE = lambda name: {'@': 'layer', 'name': name}"
    ),
    "a layer of the same name": Word(
        "first_last_conv", BY_NAME, {"all": 0.0}, "FAKE = lambda name: layers.Dense(1, name=name)"
    ),
    "a class that calls itself a layer": Word(
        "first_last_conv",
        BY_NAME,
        {"all": 0.0},
        "class Conv2D:\n    __class__, weights = layers.Conv2D, []\n"
        "    def __init__(self, name): self.name = name\n"
        "Conv2D.__module__ = 'keras.src.layers.convolutional.conv2d'\nFAKE = Conv2D",
    ),
    "a description given away by plain": Word(
        "first_last_conv",
        BY_NAME,
        {"all": 0.0},
        "import coursekit.plain as p\np.KIND = '?'\nFAKE = lambda name: {'@': 'layer', 'name': name, 'weights': []}",
    ),
}

# ---------------------------------------------------------------------------------------------------------- a4: models

BUILD = """def build_all_conv(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):
    i = keras.Input(input_shape, **INPUT)
    x = i
    for n, (f, k) in enumerate([(width, 3)] * 3 + [(2 * width, 3)] * 4 + [(2 * width, 1), (num_classes, 1)]):
        x = layers.Conv2D(f, k, padding="same", **CONV)(x)
        if n < 8:
            x = layers.BatchNormalization(**NORM)(x) if batch_norm else x
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(3, 2, padding="same")(x) if n in (2, 5) else x
    x = layers.GlobalAveragePooling2D()(EXTRA(x))
    return FINISH(keras.Model(i, x))
"""
PLAIN = {"INPUT": "{}", "CONV": "{}", "NORM": "{}", "EXTRA": "lambda x: x", "FINISH": "lambda model: model"}
NOTHING = {"structure": 0.0}


def changed(says: str = "", **settings: str) -> Word:
    """The right network with one thing changed; nothing of its structure earns points."""
    lines = "\n".join(f"{name} = {value}" for name, value in {**PLAIN, **settings}.items())
    return Word("build_all_conv", BUILD, NOTHING, lines, says)


MODELS = {
    "the right network": Word("build_all_conv", BUILD, {"structure": 1.0}, changed().cell),
    "a constraint": changed("kernel_constraint", CONV="{'kernel_constraint': 'non_neg'}"),
    "a penalty": changed("kernel_regularizer", CONV="{'kernel_regularizer': keras.regularizers.L2(9.0)}"),
    "a penalty on outputs": changed("activity_regularizer", CONV="{'activity_regularizer': 'l2'}"),
    "channels first": changed(EXTRA="layers.AveragePooling2D(1, data_format='channels_first')"),
    "an integer input": changed("int32", INPUT="{'dtype': 'int32'}"),
    "a fixed batch": changed("batches of one size", INPUT="{'batch_size': 3}"),
    "statistics that never move": Word(
        "build_all_conv", BUILD, {"structure": 4 / 9}, changed(NORM="{'momentum': 1.0}").cell, "momentum=1.0"
    ),
    "dropout of whole rows": changed("noise_shape", EXTRA="layers.Dropout(0.5, noise_shape=(1, 1, 1, 1))"),
    "joined along the batch": changed("batch axis", EXTRA="lambda x: keras.ops.concatenate([x, x], axis=0)"),
    "a mean over the batch": changed("batch axis", EXTRA="lambda x: x - keras.ops.mean(x, axis=0, keepdims=True)"),
    "folded along the batch": changed("batch axis", EXTRA="lambda x: keras.ops.reshape(x, (-1, 1, 1, x.shape[-1]))"),
    "a class of a stock name": changed(
        "of your own",
        EXTRA="type('ReLU', (layers.ReLU,), {'__module__': layers.ReLU.__module__, 'call': lambda s, x: 0 * x})()",
    ),
    "a layer that computes something else": changed(
        "something else than its layers say",
        EXTRA="(lambda layer: (setattr(layer, 'call', lambda x: x * 2.0), layer)[1])(layers.ReLU())",
    ),
    "a model that computes something else": changed(
        "its layers say",
        FINISH="lambda m: (setattr(m, 'call', lambda x, training=None, mask=None: x[:, 0, 0, :1]), m)[1]",
    ),
    "weights of which some are frozen": changed(
        "some are trained", FINISH="lambda m: (setattr(m.layers[1].bias, 'trainable', False), m)[1]"
    ),
    "a dict posing as a model": changed("expected a Keras model", FINISH="lambda m: {'@': 'model', 'shape': (1,)}"),
}

# --------------------------------------------------------------------------------------------------------- a4: figures

PLOT = """def plot_curves(series, xlabel, ylabel):
    figure, axes = plt.subplots()
    for i, (name, (x, y)) in enumerate(series.items()):
        axes.plot(x, y, label=name, color=f"C{i}", **LINE)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return DO(figure, axes) or figure
"""


def drawn(line: str = "{}", do: str = "lambda f, a: None", *, right: bool = False) -> Word:
    """A figure with one thing changed."""
    return Word("plot_curves", PLOT, {"all": float(right)}, f"LINE = {line}\nDO = {do}")


FIGURES = {
    "lines that are not visible": drawn("{'visible': False}"),
    "alpha 0": drawn("{'alpha': 0}"),
    "a line without width": drawn("{'linewidth': 0}"),
    "neither line nor marker": drawn("{'linestyle': 'none'}"),
    "white on white": drawn(do="lambda f, a: [line.set_color('white') for line in a.lines] and None"),
    "behind a patch": drawn(
        do="lambda f, a: a.add_patch(plt.Rectangle((0, 0), 1, 1, transform=a.transAxes, fc='w', zorder=9)) and None"
    ),
    "limits elsewhere": drawn(do="lambda f, a: a.set_xlim(-9, -8) and None"),
    "limits that cut": drawn(do="lambda f, a: a.set_xlim(a.lines[0].get_xdata()[-1] / 2) and None"),
    "clipped away": drawn("{'clip_path': plt.Circle((9, 9), 1), 'clip_on': True}"),
    "axes that are not visible": drawn(do="lambda f, a: a.set_visible(False)"),
    "axes beyond the paper": drawn(do="lambda f, a: a.set_position([2, 2, 1, 1])"),
    "axes without size": drawn(do="lambda f, a: a.set_position([0.5, 0.5, 0, 0])"),
    "labels that are not visible": drawn(do="lambda f, a: a.xaxis.label.set_alpha(0)"),
    "axes turned off": drawn(do="lambda f, a: a.set_axis_off()"),
    "a legend that is not visible": drawn(do="lambda f, a: a.get_legend().set_visible(False)"),
    "a dict posing as a figure": drawn(
        do="lambda f, a: {'@': 'figure', 'axes': [{'xlabel': a.get_xlabel(), 'ylabel': a.get_ylabel(), 'legend': []}]}"
    ),
    "lines that lie": drawn(
        do="lambda f, a: [type('L', (type(l),), {'draw': lambda s, r: None}).__init__ and "
        "setattr(l, '__class__', type('L', (type(l),), {'draw': lambda s, r: None})) for l in a.lines] and None"
    ),
    "a figure that cannot be drawn": drawn(do="lambda f, a: a.set_title('$' + chr(92) + 'frac$') and None"),
    "logarithmic, markers only": drawn(
        "{'linestyle': 'none', 'marker': 'o'}", "lambda f, a: a.set_yscale('log')", right=True
    ),
    "a legend outside and a grid": drawn(
        do="lambda f, a: (a.grid(), a.legend(bbox_to_anchor=(1, 1)), f.tight_layout())[:0] or None", right=True
    ),
}

BY_ASSIGNMENT = {
    "a1_relu_sigmoid": (MODIFIED, SHARING),
    "a2_first_networks": (CHANCE,),
    "a4_all_conv": (STATE, POSING, MODELS, FIGURES),
}
NEIGHBOURS = {  # an exercise of the same submission, and the cells that open its notebook
    "a1_relu_sigmoid": ("affine_backward", "import numpy as np"),
    "a2_first_networks": ("mse_loss", "import numpy as np"),
    "a4_all_conv": (
        "first_last_conv",
        "import keras\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport tensorflow as tf\n"
        "from keras import layers",
    ),
}


def attack(folder: str, name: str) -> Word:
    """An attack on an assignment, of whatever kind."""
    return next(kind[name] for kind in BY_ASSIGNMENT[folder] if name in kind)
