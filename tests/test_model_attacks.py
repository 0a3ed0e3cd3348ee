"""Models are hostile until proven otherwise: what a student's process says of one is data, and is checked as data."""

from __future__ import annotations

import json

import pytest
from alone import judged_alone

from autograder.authoring.demo import cell_source
from autograder.course.content import load_content

pytestmark = pytest.mark.usefixtures("private_servers")

HEADER = "def build_all_conv(width=96, num_classes=10, batch_norm=True, input_shape=(32, 32, 3)):\n"
FORGE = """
    import sys
    right = _right(width, num_classes, batch_norm, input_shape)
    describe = sys.modules["coursekit.models.describing"].describe
    def forged(model):
        description = describe(model)
        {change}
        return description
    sys.modules["coursekit.models.describing"].describe = forged
    return right
"""
ATTACKS = {
    "lambda": "    return keras.Sequential([keras.Input(input_shape), layers.Lambda(lambda x: x[:, 0, 0, :])])\n",
    "layer of their own": (
        "    class Cheat(layers.Layer):\n        def call(self, x):\n            import os; os._exit(1)\n"
        "        def compute_output_shape(self, s):\n            return (s[0], 10)\n"
        "        def compute_output_spec(self, x):\n            return keras.KerasTensor((None, 10))\n"
        "    i = keras.Input(input_shape)\n    return keras.Model(i, Cheat()(i))\n"
    ),
    "nested": "    i = keras.Input(input_shape)\n    return keras.Model(i, keras.Sequential([layers.Flatten()])(i))\n",
    "too large": (
        "    i = keras.Input(input_shape)\n    x = layers.Conv2D(2000, 9, padding='same')(i)\n"
        "    return keras.Model(i, layers.GlobalAveragePooling2D()(x))\n"
    ),
    "no model": "    return {'@': 'model', 'shape': (1,), 'calls': 3}\n",
    "class by name": FORGE.format(
        change="description['operations'][0].update({'class': 'TFSMLayer', 'config': {'filepath': '/'}})"
    ),
    "function by name": FORGE.format(
        change="description['operations'][0].update({'kind': 'operation', 'class': '__import__', 'config': {}})"
    ),
    "weights of another size": FORGE.format(
        change="description['operations'][0]['weights'] = [np.zeros((4000, 4000), 'float32')]"
    ),
    "cycle": FORGE.format(
        change="description['calls'][0]['args'] = [{'@': 'tensor', 'call': 5, 'index': 0}]"
    ),
    "thousands of calls": FORGE.format(change="description['calls'] = description['calls'] * 500"),
}  # fmt: skip


IMPORTS = "import keras\nimport numpy as np\nimport tensorflow as tf\nfrom keras import layers"


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_model_earns_its_honest_score_and_costs_its_author_nothing_else(attack):
    right = load_content("a4_all_conv").solutions
    hidden = cell_source(right["build_all_conv"], "build_all_conv").replace("def build_all_conv", "def _right")
    neighbour = cell_source(right["first_last_conv"], "first_last_conv")
    sources = [IMPORTS, neighbour, f"{hidden}\n\n\n{HEADER}{ATTACKS[attack]}"]
    verdicts = judged_alone("a4_all_conv", sources, ["build_all_conv", "first_last_conv"], "landlock")
    verdict = verdicts["build_all_conv"]
    assert verdict.status == "graded", verdict.traceback
    # a describing module that was replaced is not the one that describes: the right network stays the right one
    honest = 1.0 if "forged" in ATTACKS[attack] else 0.0
    assert verdict.fraction["structure"] == honest, json.dumps(verdict.to_json(), indent=1)
    assert set(verdicts["first_last_conv"].fraction.values()) == {1.0}, verdicts
