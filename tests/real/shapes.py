"""The same perfect notebook as different programs and formats write it: nobody loses a point for a program."""

from __future__ import annotations

from typing import Any

from conftest import Classroom
from real.handing_in import Bank, perfect

HAND_INS = Bank()


@HAND_INS.hand_in()
def as_released_by_jupyter(classroom: Classroom) -> Any:
    return perfect(classroom)
