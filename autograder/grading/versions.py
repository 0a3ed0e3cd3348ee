"""The versions that results rest on."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import distributions


@cache
def versions() -> str:
    """Python's, the processor's kind, and those of all installed packages, one a line."""
    packages = sorted(f"{package.name} {package.version}" for package in distributions())
    return "\n".join([platform.python_version(), platform.machine(), *packages])
