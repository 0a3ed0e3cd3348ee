"""Whether files have changed, asked for each submission: to look at them costs a tenth of reading them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Seen = tuple[tuple[str, int, int, int], ...]


def seen(root: Path, patterns: Iterable[str]) -> Seen:
    """What the file system says of files: something else where one was written, has come or is gone.

    Args:
        patterns: below ``root``, as of ``glob``.
    """
    paths = sorted(path for pattern in patterns for path in root.glob(pattern))
    status = [path.stat() for path in paths]
    return tuple((str(path), one.st_mtime_ns, one.st_size, one.st_ino) for path, one in zip(paths, status, strict=True))
