"""What a number depends on besides its recipe: data, backend, versions, machine, and the code that computed it."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.course.experiments import Images, Unit
from coursekit.data import Data, DatasetError, load

REAL = {"grey": "fashion-mnist", "colour": "cifar-10"}
SYNTHETIC = {"grey": "synthetic-grey", "colour": "synthetic-colour"}
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

    def facts(self, root: Path) -> dict[str, str]:
        """What is written beside each result."""
        return {**dict(self.data), **versions(self.backend), "machine": machine(), "code": code(root)}


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


def code(root: Path) -> str:
    """A fingerprint of what computes the numbers: solutions and experiments."""
    digest = hashlib.sha256()
    folder = root / "solutions"
    for path in sorted([*folder.glob("*/solution.py"), *folder.glob("experiments/**/*.py")]):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def shown(facts: Mapping[str, str]) -> str:
    """Versions in one line."""
    left = {key: value for key, value in facts.items() if key not in {"grey", "colour", "machine", "code"}}
    return ", ".join(f"{name} {number}" for name, number in left.items())
