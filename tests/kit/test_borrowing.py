"""A model to measure with is lent, not made each time, and holds what the description says whoever had it before."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

from coursekit.checking import Refused
from coursekit.models import lending
from coursekit.models.networks import borrow, describe, rebuild
from coursekit.models.parts import Parts

IMAGES = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def nothing_lent(monkeypatch):
    monkeypatch.setattr(lending, "_LENT", {})
    monkeypatch.setattr(lending, "_PARTS", Parts())


def network(filters=4, padding="same", activation="relu", rate=0.5, extents=(6, 5), **normalisation):
    inputs = keras.Input((*extents, 3))
    x = keras.layers.Conv2D(filters, 3, padding=padding, activation=activation)(inputs)
    x = keras.layers.BatchNormalization(**normalisation)(x)
    x = keras.layers.Dropout(rate)(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


def test_equal_structures_share_one_model_with_the_weights_of_the_last():
    one, other = describe(network()), describe(network())
    model = borrow(one)
    first = np.asarray(model(IMAGES))
    assert borrow(other) is model
    np.testing.assert_array_equal(model(IMAGES), rebuild(other)(IMAGES))
    np.testing.assert_array_equal(borrow(one)(IMAGES), first)


def test_a_borrower_leaves_nothing_behind_for_the_next():
    described = describe(network())
    model = borrow(described)
    before = np.asarray(model(IMAGES))
    model(IMAGES, training=True)  # moves the averages of BatchNormalization
    for variable in model.weights:
        variable.assign(np.full(variable.shape, 7.0))
    np.testing.assert_array_equal(borrow(described)(IMAGES), before)


@pytest.mark.parametrize(
    "change",
    [
        {"filters": 5},
        {"padding": "valid"},
        {"activation": "tanh"},
        {"rate": 0.25},
        {"extents": (7, 5)},
        {"momentum": 0.9},
        {"epsilon": 1e-5},
    ],
    ids=str,
)
def test_another_argument_is_another_model(change):
    model, other = borrow(describe(network())), borrow(describe(network(**change)))
    assert other is not model


def test_frozen_layers_are_another_structure():
    frozen = network()
    frozen.layers[1].trainable = False
    assert len(borrow(describe(network())).trainable_weights) == len(borrow(describe(frozen)).trainable_weights) + 2


def test_true_and_one_are_not_the_same_argument():
    described = describe(network())
    other = {**described, "operations": [dict(o, config=dict(o["config"])) for o in described["operations"]]}
    config = next(o["config"] for o in other["operations"] if o["class"] == "Conv2D")
    config["groups"] = True
    assert borrow(described) is not borrow(other)


@pytest.mark.parametrize(
    "description",
    [
        None,
        7,
        np.zeros(3),
        np.zeros(()),
        [1, 2],
        {"@": "model"},
        {"@": "model", "operations": 3},
        {"@": "model", "operations": [{}], "calls": [], "shape": (1,), "input": "x", "output": {}},
        {"@": "model", "operations": [{"config": 3, "weights": []}], "calls": [], "shape": (1,)},
        {"@": "layer", "name": "x"},
    ],
    ids=str,
)
def test_what_is_no_model_is_refused_as_rebuild_refuses_it(description):
    with pytest.raises(Refused):
        borrow(description)
    with pytest.raises(Refused):
        rebuild(description)


def test_weights_that_are_no_numbers_are_refused_of_a_known_structure_too():
    described = describe(network())
    borrow(described)
    operations = [dict(operation) for operation in described["operations"]]
    for operation in operations:
        operation["weights"] = [np.full(weight.shape, "x") for weight in operation["weights"]]
    for description in ({**described, "operations": operations}, described):
        try:
            borrow(description)
        except Refused:
            assert description is not described


def test_weights_of_other_shapes_are_refused_each_time():
    described = describe(network())
    borrow(described)
    operations = [dict(operation) for operation in described["operations"]]
    for operation in operations:
        operation["weights"] = [np.zeros((2, 2), np.float32) for _ in operation["weights"]]
    for _ in range(2):
        with pytest.raises(Refused, match="weights of other shapes"):
            borrow({**described, "operations": operations})


def test_lent_models_together_are_no_larger_than_the_largest_that_is_graded(monkeypatch):
    monkeypatch.setitem(lending._LIMITS, "parameters", 1000)
    for filters in range(1, 12):
        borrow(describe(network(filters)))
    assert sum(builder.parameters for builder, _ in lending._LENT.values()) <= 1000
    assert len(lending._LENT) >= 2


def test_who_has_more_memory_may_keep_more(monkeypatch):
    monkeypatch.setattr(lending, "_LIMITS", dict(lending._LIMITS))
    for most, kept in [(1, 1), (4, 4)]:
        lending.lend_at_most(models=most, parameters=1_000_000)
        for filters in range(1, 8):
            borrow(describe(network(filters)))
        assert len(lending._LENT) == kept


def test_models_of_different_structures_share_the_layers_that_are_alike():
    one, other = describe(network()), describe(network(rate=0.25))
    model = borrow(one)
    before = np.asarray(model(IMAGES))
    shared = borrow(other)
    assert shared is not model
    assert [a is b for a, b in zip(model.layers, shared.layers, strict=True)] == [False, True, True, False, True]
    np.testing.assert_array_equal(shared(IMAGES), rebuild(other)(IMAGES))
    np.testing.assert_array_equal(borrow(one)(IMAGES), before)


def chain(*filters):
    inputs = x = keras.Input((6, 5, 3))
    for count in filters:
        x = keras.layers.Conv2D(count, 3, padding="same", kernel_initializer="he_normal")(x)
    return keras.Model(inputs, x)


def test_a_layer_stands_for_one_place_of_a_model_alone():
    few, many = describe(chain(3, 3)), describe(chain(3, 3, 3))
    assert borrow(few).layers[1:] == borrow(many).layers[1:3]
    assert len({id(layer) for layer in borrow(many).layers}) == 4
    for described in (few, many, few):
        np.testing.assert_array_equal(borrow(described)(IMAGES), rebuild(described)(IMAGES))


def test_a_layer_that_is_called_twice_is_one_layer_of_a_lent_model_too():
    inputs = keras.Input((6, 5, 3))
    layer = keras.layers.Conv2D(3, 3, padding="same")
    twice = describe(keras.Model(inputs, layer(layer(inputs))))
    for described in (describe(chain(3, 3)), twice, describe(chain(3, 3, 3)), twice):
        np.testing.assert_array_equal(borrow(described)(IMAGES), rebuild(described)(IMAGES))
    assert borrow(twice).count_params() == 3 * 28


def test_a_trained_layer_does_not_stand_for_a_frozen_one():
    """Also where a layer's own arguments say nothing of it."""
    frozen = describe(chain(3, 3))
    first = next(operation for operation in frozen["operations"] if operation["class"] == "Conv2D")
    first |= {"trainable": False, "trained": 0}
    borrow(describe(chain(3, 3)))
    assert len(borrow(frozen).trainable_weights) == 2
    assert len(borrow(describe(chain(3, 3))).trainable_weights) == 4


def test_initial_weights_make_no_other_structure():
    described = describe(chain(3, 3))
    model = borrow(described)
    for operation in described["operations"]:
        operation["config"] = dict(operation["config"], kernel_initializer="zeros")
    assert borrow(described) is model


def test_layers_go_with_the_last_model_that_has_them(monkeypatch):
    monkeypatch.setitem(lending._LIMITS, "models", 1)
    borrow(describe(chain(3, 4)))
    layers = weakref.WeakSet(borrow(describe(chain(3, 3))).layers[1:])
    borrow(describe(chain(5)))
    gc.collect()
    assert not layers
