"""What a number depends on besides its recipe: data, backend, versions, machine, and the code that computed it."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.course.experiments import Images, Unit
from coursekit.data import Data, DatasetError, load

REAL = {"grey": "fashion-mnist", "colour": "cifar-10"}
SYNTHETIC = {"grey": "synthetic-grey", "colour": "synthetic-colour"}
BESIDE = ("solutions.experiments.recipes", "solutions.experiments.drawing")
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


@dataclass(frozen=True)
class Surroundings:
    """Where units of work run.

    Args:
        data: the dataset of each kind of images, by name.
        backend: of Keras.
    """

    data: tuple[tuple[str, str], ...]
    backend: str

    def key(self, unit: Unit) -> str:
        """The name of a unit's files here."""
        return unit.key({"backend": self.backend, **dict(self.data)})

    def load(self, images: Images) -> Data:
        """The images that a unit asks for."""
        return load(dict(self.data)[images.kind], images.train, images.held_out)

    def facts(self, root: Path, unit: Unit) -> dict[str, str]:
        """What is written beside a unit's result."""
        computed = {"machine": machine(), "code": code(root, unit.run.__module__)}
        return {**dict(self.data), **versions(self.backend), **computed}


def surroundings(data: str | None) -> Surroundings:
    """Those of this process.

    Args:
        data: ``real``, ``synthetic``, or None for real where the official files are here.

    Raises:
        DatasetError: when real data are asked for, and are not here.
    """
    names = REAL
    if data == "synthetic":
        names = SYNTHETIC
    else:
        try:
            for name in REAL.values():
                load(name, 1, 1)
        except DatasetError:
            if data == "real":
                raise
            names = SYNTHETIC
    return Surroundings(tuple(names.items()), backend())


def backend() -> str:
    """Keras's, as its own rules choose it."""
    import keras  # noqa: PLC0415 - seconds, which `--plan` and `--help` need not wait for

    return str(keras.backend.backend())


def versions(of_backend: str) -> dict[str, str]:
    """Python, NumPy, Keras and its backend."""
    found = {"python": platform.python_version()}
    for package in ("numpy", "keras", BACKENDS[of_backend]):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "?"
    return found


def machine() -> str:
    """The processor and its cores, and the accelerator where one is used; no names of hosts or people."""
    processor = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{processor}, {os.cpu_count()} cores{_accelerator()}"


def _accelerator() -> str:
    if backend() == "jax":
        import jax  # noqa: PLC0415 - one backend is enough

        device = jax.devices()[0]
        return "" if device.platform == "cpu" else f", {device.device_kind}"
    if backend() == "torch":
        import torch  # noqa: PLC0415

        return f", {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else ""
    import tensorflow as tf  # noqa: PLC0415

    cards = tf.config.list_physical_devices("GPU")
    return f", {tf.config.experimental.get_device_details(cards[0]).get('device_name', 'GPU')}" if cards else ""


@cache
def code(root: Path, module: str) -> str:
    """A fingerprint of what computes a unit: its module, and all that this one imports from ``solutions``.

    What chooses recipes is left out: they stand beside each result. So is what draws: it computes nothing.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_imported(root, module).items()):
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _imported(root: Path, module: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    ahead = [module]
    while ahead:
        name = ahead.pop()
        path = root.joinpath(*name.split(".")).with_suffix(".py")
        if name in found or name in BESIDE or not path.is_file():
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("solutions."):
                ahead += [str(node.module), *(f"{node.module}.{one.name}" for one in node.names)]
    return found


def shown(facts: Mapping[str, str]) -> str:
    """Versions in one line."""
    left = {key: value for key, value in facts.items() if key not in {"grey", "colour", "machine", "code"}}
    return ", ".join(f"{name} {number}" for name, number in left.items())
