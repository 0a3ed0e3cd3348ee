"""The picture of a network shows its layers, their shapes and their parameters, once each."""

from __future__ import annotations

import keras
import matplotlib.pyplot as plt
import pytest
from keras import layers

from coursekit.drawing.architecture import draw_architecture


@pytest.fixture
def draw(monkeypatch):
    """Draws a model; returns the texts of the picture, boxes and labels, and its title."""
    monkeypatch.setattr(plt, "show", lambda: None)

    def draw(model, title=""):
        draw_architecture(model, title)
        axes = plt.gca()
        texts = [text.get_text() for text in axes.texts if text.get_text()]
        return len(axes.patches), texts, axes.get_title(loc="left")

    yield draw
    plt.close("all")


def test_a_chain_has_one_box_for_each_layer_with_what_follows_inside(draw):
    model = keras.Sequential([keras.Input((8, 6, 3)), layers.Conv2D(4, 3, padding="same")])
    model.add(layers.BatchNormalization())
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D(2))
    boxes, texts, title = draw(model, "net")
    assert boxes == 3
    assert texts[2:4] == ["conv 3 × 3\n4 filters\nBatchNorm\nReLU", "8 × 6 × 4\n128"]
    assert title == "net: 128 parameters"


def test_a_way_around_keeps_the_activation_out_of_the_box_where_it_starts(draw):
    image = keras.Input((8, 8, 4))
    start = layers.Conv2D(4, 3, padding="same")(image)
    end = layers.Add()([start, layers.ReLU()(start)])
    boxes, texts, _ = draw(keras.Model(image, end))
    assert boxes == 4
    assert "ReLU" in texts and "+" in texts


def test_a_layer_that_is_used_twice_is_counted_once(draw):
    image = keras.Input((8, 8, 4))
    shared = layers.Conv2D(4, 3, padding="same")
    boxes, _, title = draw(keras.Model(image, shared(shared(image))))
    assert boxes == 3
    assert title == "148 parameters"


def test_an_operation_of_keras_is_drawn_by_its_name(draw):
    image = keras.Input((8, 8, 4))
    _, texts, _ = draw(keras.ops.mean(keras.ops.relu(image), axis=(1, 2)))
    assert "ReLU" in texts
    assert "Mean" in texts


def test_a_subclassed_model_is_one_box(draw):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.only = layers.Dense(2)

        def call(self, x):
            return self.only(x)

    model = Mine()
    model(keras.ops.ones((1, 3)))
    boxes, texts, title = draw(model)
    assert (boxes, texts[0], title) == (1, "Mine", "8 parameters")
