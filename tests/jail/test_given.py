"""Random generators, callables and Keras models cross the walls, and nothing of ours crosses with them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from allowed import some_limits
from keras import layers

from autograder.jail.client import Student
from coursekit.models.networks import LayerOf, Network, Refused, Symbol, describe, rebuild
from coursekit.observing import GLOBAL_RANDOM, Remote, Rng

KERAS_LIMITS = some_limits(memory_mb=2048, disk_mb=16, output_kb=64)


@pytest.fixture
def define(new_student):
    student = new_student(limits=KERAS_LIMITS)

    def define(source: str) -> Student:
        result = student.run_cell("import keras\nimport numpy as np\nfrom keras import layers\n" + source, 20)
        assert result.died is None and not result.outputs, result
        return student

    return define


def small_model() -> keras.Model:
    inputs = keras.Input((3, 4, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="first")(inputs)
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


def test_generator_is_made_afresh_and_seen_to_advance(define):
    student = define("def f(x, rng):\n    return x + rng.random(2)\ndef g(x, rng):\n    return x\n")
    for _ in range(2):
        outcome = student.call("f", (np.zeros(2), Rng(3)), timeout=10)
        np.testing.assert_array_equal(outcome.value, np.random.default_rng(3).random(2))
        assert outcome.advanced == ("rng",) and outcome.modified == ()
    assert student.call("g", (np.zeros(2), Rng(3)), timeout=10).advanced == ()


@pytest.mark.parametrize(
    "argument",
    [np.zeros((0, 3)), np.float64(1.5), np.int64(3), np.bool_(True), (np.float32(0.5), [np.zeros(0), 2])],
    ids=["an empty array", "a float", "an int", "a bool", "some inside"],
)
def test_what_finds_no_place_in_the_shared_memory_still_arrives_as_an_array(define, argument):
    student = define(
        "def kinds(x):\n    return [kinds(i) for i in x] if isinstance(x, (tuple, list)) else type(x).__name__"
    )
    told = student.call("kinds", (argument,), timeout=10).value
    assert told in ("ndarray", ["ndarray", ["ndarray", "int"]])


def test_global_random_state_is_watched(define):
    student = define("def f(rng):\n    return np.random.rand()\ndef g():\n    return np.random.rand()")
    assert student.call("f", (Rng(0),), timeout=10).modified == (GLOBAL_RANDOM,)
    assert student.call("g", timeout=10).modified == ()  # whoever is given no generator may seed NumPy's own


def test_predictor_stays_on_our_side_and_sees_plain_arrays(define):
    seen = []

    def predict(x):
        seen.append(x)
        return 2 * x

    student = define("def f(predictors, x):\n    return [p(x[:2]) for p in predictors]")
    outcome = student.call("f", ([Remote(predict, "predict"), Remote(np.sin)], np.arange(3.0)), timeout=10)
    np.testing.assert_array_equal(outcome.value[0], [0.0, 2.0])
    np.testing.assert_allclose(outcome.value[1], np.sin([0.0, 1.0]))
    assert [x.shape for x in seen] == [(2,)]


def test_network_computes_the_same_inside_and_its_layers_can_be_named(define):
    model = small_model()
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 1)).astype(np.float32)
    student = define("def f(model, x, layer):\n    return model(x), layer, layer.kernel")
    outcome = student.call("f", (Network.of(model), x, LayerOf(0, "first")), timeout=20)
    np.testing.assert_allclose(outcome.value[0], np.asarray(model(x)), rtol=1e-5, atol=1e-6)
    assert outcome.value[1]["@"] == "layer" and outcome.value[1]["name"] == "first" and outcome.modified == ()
    np.testing.assert_array_equal(outcome.value[1]["weights"][0], np.asarray(model.get_layer("first").kernel))
    np.testing.assert_array_equal(outcome.value[2], np.asarray(model.get_layer("first").kernel))


@pytest.mark.parametrize(
    "body",
    ["model(x, training=True)", "model.layers[1].kernel.assign_add(1 + 0 * model.layers[1].kernel)",
     "model.layers[1].trainable = False"],
)  # fmt: skip
def test_changes_of_a_network_are_seen(define, body):
    student = define(f"def f(model, x):\n    {body}\n    return 1.0")
    outcome = student.call("f", (Network.of(small_model()), np.ones((2, 3, 4, 1), np.float32)), timeout=20)
    assert outcome.error is None and outcome.modified == ("model",)


def test_model_comes_back_as_a_description(define):
    student = define(
        "def build(width=3):\n"
        "    x = inputs = keras.Input((5, 6, 1))\n"
        "    x = layers.Conv2D(width, 3, padding='same')(x)\n"
        "    x = keras.ops.relu(x + inputs)\n"
        "    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))"
    )
    model = rebuild(student.call("build", kwargs={"width": 4}, timeout=20).value)
    assert model.output_shape == (None, 4) and model.count_params() == 40


def test_symbolic_result_is_the_model_from_the_input_to_it(define):
    student = define("def block(x, filters):\n    return layers.Conv2D(filters, 3, padding='same')(x) + x")
    model = rebuild(student.call("block", (Symbol((4, 5, 2)), 2), timeout=20).value)
    assert model.input_shape == (None, 4, 5, 2) and model.count_params() == 38


def test_our_functions_stand_in_for_blocks_gradients_and_draws(define):
    student = define(
        "def build(n):\n"
        "    x = inputs = keras.Input((4, 4, 2))\n"
        "    for _ in range(n):\n"
        "        x = block(x, filters=2)\n"
        "    return keras.Model(inputs, x)\n"
        "def total(model, x):\n"
        "    return forward(model, x) + forward(model, x)\n"
        "def draws(rng):\n"
        "    return draw(rng), draw(rng)\n"
    )

    def block(x, filters):
        return layers.Add()([layers.Conv2D(filters, 3, padding="same", use_bias=False)(x), x])

    model = rebuild(student.call("build", (3,), timeout=20, staff={"block": block}).value)
    assert model.count_params() == 3 * 36
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert not np.allclose(kernels[0], kernels[1]), "each use has initial weights of its own"

    x = np.ones((1, 3, 4, 1), np.float32)
    lent = Network.of(small_model())
    result = student.call("total", (lent, x), timeout=20, staff={"forward": lambda model, x: model(x)})
    np.testing.assert_allclose(result.value, 2 * np.asarray(lent.make({})(x)), rtol=1e-5, atol=1e-6)

    outcome = student.call("draws", (Rng(1),), timeout=20, staff={"draw": lambda rng: rng.random(2)})
    np.testing.assert_array_equal(np.concatenate(outcome.value), np.random.default_rng(1).random(4))
    assert outcome.advanced == ("rng",)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("layers.Lambda(lambda x: x)", "a Lambda layer"),
        ("keras.Sequential([keras.Input((4,)), layers.Dense(2)])", "a model inside the model"),
        ("type('Mine', (layers.Layer,), {'call': lambda self, x: x})()", "a layer of your own, Mine"),
        ("layers.Dense(2, activation=lambda x: x)", "not Keras's own"),
        ("layers.Dense(1_040_000)", "more than 5,000,000 parameters"),
    ],
)
def test_what_cannot_be_graded_is_refused_in_words(define, layer, message):
    student = define(f"def build():\n    return keras.Sequential([keras.Input((4,)), {layer}])")
    outcome = student.call("build", timeout=30)
    assert outcome.error is None, outcome.error
    with pytest.raises(Refused, match=message):
        rebuild(outcome.value)


@pytest.mark.parametrize("damage", ["class", "operation", "cycle", "weights", "shape", "argument", "size", "kind"])
def test_forged_description_is_refused(damage):
    description = describe(small_model())
    operations, calls = description["operations"], description["calls"]
    if damage == "class":
        operations[0] |= {"class": "TFSMLayer", "config": {"filepath": "x"}}
    elif damage == "operation":
        operations[0] |= {"kind": "operation", "class": "Call", "config": {}}
    elif damage == "cycle":
        calls[0]["args"] = [{"@": "tensor", "call": 3, "index": 0}]
    elif damage == "weights":
        operations[0]["weights"][0] = np.zeros((9, 9), np.float32)
    elif damage == "shape":
        description["shape"] = (10**6, 10**6, 1)
    elif damage == "argument":
        operations[0]["config"]["padding"] = {"@": "subprocess"}
    elif damage == "size":
        operations[0]["config"]["filters"] = 10**6
    else:
        description["calls"] = "no calls"
    with pytest.raises(Refused):
        rebuild(description)
