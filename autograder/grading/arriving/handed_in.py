"""When a submission was handed in, and how we know: never by the student's own word alone.

``timestamp.txt`` lies among the student's files and may be theirs. What counts, in this order:

1. the register ``handed_in.csv`` beside the gradebook: our collectors write it, a lecturer may add lines by hand;
2. the file times: what lay here before the due date was in time, whenever it was written;
3. ``timestamp.txt`` where it says "late", which nobody writes to their own harm.

Otherwise the time is not known. Nobody is late then, and the report says so.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

REGISTER = "handed_in.csv"
COLUMNS = ("assignment", "student", "time", "source")
TIMESTAMP = "timestamp.txt"  # where nbgrader looks for the time; it may be the student's own
MAX_CLAIM = 100  # bytes of it
YEARS = range(2000, 2200)
ZONED = re.compile(  # as the exchange, zip_collect and lecturers write it
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)"
    r"( ?(?P<offset>Z|[+-]\d\d:?\d\d)| (?P<zone>[A-Za-z_]+(/[A-Za-z_]+)*))?",
    re.ASCII,
)


@dataclass(frozen=True)
class HandedIn:
    """When a submission was handed in.

    Args:
        time: for the gradebook, in UTC; None when there is nothing to write there.
        evidence: how we know, in words.
        late: whether that makes it late.
        due: when it was due for this student; None where nobody has said.
        extended: whether that is later than for others.
    """

    time: datetime | None = None
    evidence: str = ""
    late: bool = False
    due: datetime | None = None
    extended: bool = False

    def to_json(self) -> dict[str, Any]:
        """What is kept beside the graded notebook."""
        extended = {"extended": written(self.due)} if self.extended and self.due else {}
        plain = {"evidence": self.evidence, "late": self.late, "time": written(self.time) if self.time else None}
        return {**plain, **extended}


def decide(due: datetime, here: datetime, claim: datetime | None, entry: tuple[datetime, str] | None) -> HandedIn:
    """Weigh the evidence.

    Args:
        due: when the assignment is due.
        here: since when the files have been here unchanged, by the kernel's own time of change (ctime).
        claim: what ``timestamp.txt`` says.
        entry: time and source from the register.
    """
    if entry is not None:
        time, source = entry
        return HandedIn(time, f"by {source}", time > due)
    if here <= due:
        return HandedIn(claim if claim and claim <= due else None, "before the due date, by the file times")
    if claim is not None and claim > due:
        return HandedIn(claim, "by its timestamp.txt, which says that it is late", True)
    return HandedIn(claim, "not known; its timestamp.txt may be the student's own word" if claim else "not known")


def written(time: datetime) -> str:
    """A time as nbgrader reads it, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def as_nbgrader_has_it(time: datetime) -> datetime:
    """A time as the gradebook keeps it: in UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def read_time(text: str) -> datetime | None:
    """A time as nbgrader writes it, in UTC; None for anything else, however long or odd."""
    text = text.strip()
    zoned = ZONED.fullmatch(text) if len(text) <= MAX_CLAIM else None
    if zoned is None:
        return None
    try:
        time = datetime.fromisoformat(zoned["time"] + (zoned["offset"] or ""))
        zone = UTC if zoned["zone"] in (None, "UTC") else ZoneInfo(zoned["zone"])
        time = (time.replace(tzinfo=zone) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None
    return time if time.year in YEARS else None


def read_register(root: Path, assignment: str) -> dict[str, tuple[datetime, str]]:
    """Time and source for each student; of several lines the last counts.

    Raises:
        ValueError: for a line that is none; the message names it.
    """
    path, found = root / REGISTER, {}
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            time = read_time(row.get("time") or "")
            if time is None or not row.get("student") or not row.get("assignment"):
                raise ValueError(
                    f"{path}: expected lines such as {assignment},STUDENT,2027-03-12 22:59:00 UTC,moodle under the "
                    f"heading {','.join(COLUMNS)}, received {list(row.values())}; mend that line"
                )
            if row["assignment"] == assignment:
                found[row["student"]] = (time, row.get("source") or REGISTER)
    return found


def register(root: Path, assignment: str, student: str, time: datetime, source: str) -> None:
    """Add a line to the register."""
    path = root / REGISTER
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(COLUMNS)
        writer.writerow([assignment, student, written(time), source])
