"""The cell in which a notebook that comes alone carries its files; whoever reads a hand-in knows it by its seal.

>>> cell = carrying_cell({"coursekit/__init__.py": b""}, "a1_files")
>>> without_carried(f"{cell}\\nimport math").strip()
'import math'
>>> "import base64" in without_carried(cell.replace("import base64", "import math, base64"))  # somebody's own work
False
"""

from __future__ import annotations

import base64
import hashlib
import io
import textwrap
import zipfile
import zlib
from collections.abc import Mapping

BEGIN, END = "# >>> coursekit ", "# <<< coursekit"
WIDTH = 2000  # characters in a line: some editors draw long lines slowly, and nobody reads these
CELL = '''\
#@title The files of this notebook: run this cell first, and leave it as it is
# It writes them into {folder}/, beside the notebook, and tells Python to look there.
def _unpack_coursekit(packed):
    import base64, io, os, sys, zipfile, zlib

    folder = os.path.abspath("{folder}")
    with zipfile.ZipFile(io.BytesIO(zlib.decompress(base64.b64decode(packed)))) as files:
        files.extractall(folder)
    sys.path[:] = [folder, *(place for place in sys.path if place != folder)]


_unpack_coursekit("""
{packed}
""")
'''


def carrying_cell(files: Mapping[str, bytes], folder: str) -> str:
    """The source of a cell that writes files into a folder beside the notebook, and puts it on Python's path.

    Args:
        files: what they hold, by their paths in the folder.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:  # stored, then compressed as a whole: the files are much alike
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data)  # with a date that never changes
    text = base64.b64encode(zlib.compress(packed.getvalue(), 9)).decode()
    body = CELL.format(folder=folder, packed="\n".join(textwrap.wrap(text, WIDTH)))
    return f"{BEGIN}{_seal(body)}\n{body}{END}"


def without_carried(source: str) -> str:
    """A cell's source without what the course wrote into it; as it is where somebody has changed that."""
    start = source.find(BEGIN)
    end = source.find(END, start)
    if start < 0 or end < 0:
        return source
    seal, _, body = source[start + len(BEGIN) : end].partition("\n")
    if seal.strip() != _seal(body):
        return source
    return source[:start] + source[end + len(END) :]


def _seal(text: str) -> str:
    """What changes with every character but white space, which editors treat as they like."""
    return hashlib.sha256("".join(text.split()).encode("utf-8", "replace")).hexdigest()[:32]
