"""Fetch official datasets and check what lies on the disk: ``python -m coursekit.data.fetching fashion-mnist``.

A fetch goes on where it was stopped, and a file gets its name only after its SHA-256 was found to be the manifest's.
The standard library is all that is needed; students get this module as it is.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.data.loaders import Archive, Dataset, DatasetError, File, cache_folder, compare, find_dataset, remedy

Progress = Callable[[str, int, int], None]  # a file's name, bytes so far, bytes in all
PIECE = 1 << 18  # bytes read at once
PATIENCE = 30.0  # seconds without a byte


def fetch(dataset: Dataset, into: Path, progress: Progress | None = None) -> list[Path]:
    """Download what is missing or damaged of a dataset.

    Args:
        dataset: the manifest's entry.
        into: gets the dataset's folder.
        progress: told about every piece received; a bar on stderr by default.

    Returns:
        The files that are new.

    Raises:
        DatasetError: when there is nothing to fetch, the source cannot be reached, stops, or sends something else.
    """
    if not dataset.files:
        raise DatasetError(f"{dataset.name}: is drawn by the course itself; there is nothing to fetch")
    progress = progress or Bar()
    folder = into / dataset.folder
    wanted = [file for file in dataset.files.values() if not is_official(folder / file.name, file)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if wanted and dataset.archive:
            _fetch_archive(dataset, dataset.archive, wanted, into, progress)
        else:
            for file in wanted:
                _download(file.url, folder / file.name, file, progress)
    except OSError as error:  # the network's errors were dealt with: this one is the disk's
        raise DatasetError(f"{error.filename or folder}: {error.strerror}; expected a place to write to") from None
    return [folder / file.name for file in wanted]


def is_official(path: Path, file: File) -> bool:
    """Whether this is, byte for byte, the file of the manifest."""
    return path.is_file() and path.stat().st_size == file.size and digest_of(path) == file.sha256


def digest_of(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch_archive(dataset: Dataset, archive: Archive, wanted: list[File], into: Path, progress: Progress) -> None:
    """Fetch a release's archive, take the files out, and remove it; one that somebody put there is used and kept."""
    whole = File(archive.url.rpartition("/")[2], 0, archive.size, archive.sha256)
    packed = into / whole.name
    brought = packed.is_file()
    if not brought:
        _download(archive.url, packed, whole, progress)
    elif (difference := compare(whole, packed.stat().st_size, lambda: digest_of(packed))) is not None:
        raise DatasetError(f"{packed}: {difference}; delete it, then run the same command again")
    _unpack(packed, into / dataset.folder, dataset.folder, wanted)
    if not brought:
        packed.unlink()


def _unpack(packed: Path, folder: Path, inside: str, wanted: list[File]) -> None:
    """Take files out of a tar archive one by one, under the manifest's names only."""
    members = {f"{inside}/{file.name}": file for file in wanted}
    with tarfile.open(packed, "r:gz") as archive:
        for member in archive:
            file = members.get(member.name)
            stream = archive.extractfile(member) if file is not None and member.isreg() else None
            if file is None or stream is None:
                continue
            content = stream.read(file.size + 1)
            if (difference := compare(file, len(content), lambda: hashlib.sha256(content).hexdigest())) is not None:  # noqa: B023 - called at once
                raise DatasetError(f"{packed}: {member.name} {difference}; delete the archive, then fetch it again")
            part = folder / f"{file.name}.part"
            part.write_bytes(content)
            part.replace(folder / file.name)
            del members[member.name]
    if members:
        raise DatasetError(f"{packed}: expected {', '.join(members)} inside, received an archive without")


def _download(url: str, path: Path, file: File, progress: Progress) -> None:
    """Download a file beside its place, go on with an earlier beginning, and put it there once it is right."""
    part = path.with_name(f"{path.name}.part")
    if part.is_file() and part.stat().st_size > file.size:
        part.unlink()
    if not part.is_file() or part.stat().st_size < file.size:
        _receive(url, part, path, file, progress)
    if (difference := compare(file, part.stat().st_size, lambda: digest_of(part))) is not None:
        part.unlink()
        raise DatasetError(
            f"{url}: {difference}; it was thrown away: run the same command again, and if the same happens the source "
            f"has changed: get the official file elsewhere and save it as {path}"
        )
    part.replace(path)


def _receive(url: str, part: Path, path: Path, file: File, progress: Progress) -> None:
    """Write what the server sends; what is there already is not asked for again."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            goes_on = answer.status == 206 and (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-")
            with part.open("ab" if goes_on else "wb") as out:
                have = have if goes_on else 0
                for piece in _pieces(answer, file.size - have):
                    out.write(piece)
                    have += len(piece)
                    progress(file.name, have, file.size)
    except urllib.error.HTTPError as error:
        error.close()
        raise DatasetError(f"{url}: expected the file, received {error.code} {error.reason}; {_help(path)}") from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        if not have:
            raise DatasetError(f"{url}: cannot be reached ({reason}); {_help(path)}") from None
        have = part.stat().st_size
        raise DatasetError(f"{url}: stopped after {have:,} of {file.size:,} bytes ({reason}); {_help(path)}") from None
    if have < file.size:
        raise DatasetError(f"{url}: stopped after {have:,} of {file.size:,} bytes; {_help(path)}")


def _pieces(answer: http.client.HTTPResponse, size: int) -> Iterator[bytes]:
    """What is sent, and at most one byte more than was promised."""
    while size >= 0 and (piece := answer.read(min(PIECE, size + 1))):
        size -= len(piece)
        yield piece


def _help(path: Path) -> str:
    return f"once online, run the same command again to go on, or get the file elsewhere and save it as {path}"


# ------------------------------------------------------------------------------------------------------------ checking


@dataclass(frozen=True)
class Finding:
    """Something wrong with a file of a dataset, in one sentence."""

    path: Path
    problem: str  # with what was expected and what was received
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


def verify(dataset: Dataset, root: Path) -> list[Finding]:
    """Compare a dataset's files under ``root`` with the manifest, byte for byte.

    Returns:
        A finding for each file that is missing, truncated, damaged, or there under another name; an optional file may
        be missing. Files that the manifest does not know are left alone.
    """
    folder = root / dataset.folder
    if not dataset.files:
        return []
    if not folder.is_dir():
        return [Finding(folder, f"is missing: expected a folder with the files of {dataset.name}", remedy(dataset))]
    official = {(file.size, file.sha256): file for file in dataset.files.values()}
    sizes = {file.size for file in dataset.files.values()}
    there = {path: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
    digests = {path: digest_of(path) for path, size in there.items() if size in sizes}
    known = {path: official.get((there[path], digest)) for path, digest in digests.items()}
    findings = []
    for file in dataset.files.values():
        path = folder / file.name
        if known.get(path) == file:
            continue
        elsewhere = next((other for other, content in known.items() if content == file), None)
        if elsewhere is not None:
            findings.append(_misnamed(path, elsewhere, path in there))
        elif path in there:
            problem = compare(file, there[path], lambda: digests[path]) or ""  # noqa: B023 - called at once
            findings.append(Finding(path, problem + _instead(known.get(path)), f"delete it, then {remedy(dataset)}"))
        elif not file.optional:
            problem = f"is missing: expected {file.size:,} bytes with SHA-256 {file.sha256}"
            findings.append(Finding(path, problem, remedy(dataset)))
    return findings


def _misnamed(path: Path, elsewhere: Path, taken: bool) -> Finding:
    problem = f"has the wrong name: expected {path.name}, received its content as {elsewhere.name}"
    first = f"move the other {path.name} away, then " if taken else ""
    return Finding(elsewhere, problem, f"{first}rename it to {path.name}")


def _instead(file: File | None) -> str:
    return f" (the content of {file.name})" if file else ""


# ------------------------------------------------------------------------------------------------------------ showing


class Bar:
    """A progress bar on stderr: redrawn on a terminal, a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self.name, self.started, self.first, self.shown = "", 0.0, 0, -1

    def __call__(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if name != self.name:
            self.name, self.started, self.first, self.shown = name, now, done, -1
        terminal = sys.stderr.isatty()
        step = int(done * (100 if terminal else 10) / max(total, 1))
        if step == self.shown and done < total:
            return
        self.shown = step
        rate = (done - self.first) / max(now - self.started, 1e-3)
        left = f"{(total - done) / rate:.0f} s left" if rate else "waiting"
        filled = round(20 * done / max(total, 1))
        line = f"{name}  {'#' * filled}{'.' * (20 - filled)}  {done / 1e6:.1f} of {total / 1e6:.1f} MB, {left}"
        print(
            f"\r{line:<100}" if terminal else line, end="\n" if done >= total or not terminal else "", file=sys.stderr
        )


def main(names: Sequence[str]) -> int:
    """Fetch datasets into this user's cache, where ``load`` finds them."""
    if not names:
        print("usage: python -m coursekit.data.fetching NAME ...", file=sys.stderr)
        return 2
    try:
        for name in names:
            dataset = find_dataset(name)
            new = fetch(dataset, cache_folder())
            print(f"{name}: {len(new)} files fetched; complete in {cache_folder() / dataset.folder}")
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
