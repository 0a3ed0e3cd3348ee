"""Take the notebooks out of a ZIP archive that a student handed in, within bounds; runs in the reader's process."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath

from autograder.grading.reading.submitted import UnreadableSubmission

SIGNATURE = b"PK\x03\x04"
MAX_MEMBERS = 10_000  # in the archive
MAX_NOTEBOOKS = 6
MAX_NAMED = 3  # other files in the message


def unpack(data: bytes, name: str, max_bytes: int) -> list[tuple[str, bytes]]:
    """The notebooks in an archive, by their names in it; what an operating system or an editor adds is left out.

    Args:
        data: the archive.
        name: what it is called, for the message.
        max_bytes: of all notebooks together.

    Raises:
        UnreadableSubmission: when it is no archive, is encrypted, or holds no notebook of that size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist()[:MAX_MEMBERS] if not _hidden(member.filename)]
            found, room = [], max_bytes
            for member in [member for member in members if member.filename.endswith(".ipynb")][:MAX_NOTEBOOKS]:
                with archive.open(member) as file:
                    content = file.read(room + 1)  # what the header says of its size may be a lie
                room -= len(content)
                if room < 0:
                    raise UnreadableSubmission(
                        f"{name}: expected notebooks of at most {max_bytes >> 20} MB in it, received more"
                    )
                found.append((member.filename, content))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise UnreadableSubmission(f"{name}: expected a ZIP archive with a notebook, received: {error}") from None
    if not found:
        others = [PurePosixPath(member.filename).name for member in members if not member.is_dir()]
        listed = ", ".join(others[:MAX_NAMED]) + (", ..." if len(others) > MAX_NAMED else "")
        raise UnreadableSubmission(f"{name}: expected a notebook in it, received {listed or 'an empty archive'}")
    return found


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)
