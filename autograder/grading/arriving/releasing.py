"""nbgrader's ``release_feedback``, which stops for nobody.

nbgrader finds the place of a student's feedback by the ``submission_secret.txt`` that came with the hand-in. Students
can delete or spoil that file: then only their own feedback stays here, with a word.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash

from autograder.grading.arriving import folders
from autograder.grading.arriving.intake import SECRET
from autograder.grading.reading.choosing import shown

SECRET_FORM = re.compile(r"[\w-]{16,256}", re.ASCII)  # as the exchange writes it: 128 hexadecimal digits


class SteadyReleaseFeedback(ExchangeReleaseFeedback):
    """Copies each page to where its student's programs look for it; a hand-in without its secret has no such place."""

    coursedir: Any
    dest_path: str

    def copy_files(self) -> None:
        """Copy the pages of every student whose secret is there."""
        directory = self.coursedir
        wanted, assignment = directory.student_id or "*", directory.assignment_id
        excluded = set((directory.student_id_exclude or "").split(","))
        everybody = self._place(directory.feedback_directory, "x").parents[1]
        for student in sorted(path.name for path in everybody.iterdir() if path.is_dir()):
            pages = self._place(directory.feedback_directory, student)
            if not pages.is_dir() or student in excluded or wanted not in ("*", student):
                continue
            secret = self._secret(student)
            if not secret:
                self.log.error(
                    "%s: feedback not released: the hand-in for %s has no %s; hand it over in another way",
                    *(shown(student), assignment, SECRET),
                )
                continue
            for page in sorted(pages.glob("*.html")):
                self._release(page, secret)

    def _place(self, step: str, student: str) -> Path:
        return Path(self.coursedir.format_path(step, student, self.coursedir.assignment_id))

    def _secret(self, student: str) -> str:
        """The secret that came with a hand-in; "" for none that can be one."""
        place = self._place(self.coursedir.submitted_directory, student)
        try:
            with (
                folders.opened(os.path.realpath(place.parents[1])) as everybody,
                folders.opened(place.parent.name, everybody) as outer,
                folders.opened(place.name, outer) as inner,
            ):
                text = folders.read_file(inner, SECRET, 1000).decode("ascii").strip()
        except (OSError, UnicodeError, folders.Refused):
            return ""
        return text if SECRET_FORM.fullmatch(text) else ""

    def _release(self, page: Path, secret: str) -> None:
        checksum = notebook_hash(secret=secret, notebook_id=page.stem)
        made = Path(self.dest_path, f"{checksum}-tmp.html")
        shutil.copy(page, made)
        os.replace(made, made.with_name(f"{checksum}.html"))  # whoever fetches it just now gets a whole page
        self.log.info("Feedback released: %s", page)
