"""Stage for slice 1: no walls yet."""
from __future__ import annotations
import ctypes, os, signal
from dataclasses import dataclass
from pathlib import Path
from autograder.jail.limits import JailUnavailable, Limits

@dataclass(frozen=True)
class WallsReport:
    tier: str | None
    def explain(self) -> str: return "x"

def probe() -> WallsReport:
    return WallsReport("none")

def kill_me_with_my_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)

class Box:
    def __init__(self, tier: str, scratch: Path, limits: Limits) -> None:
        self.tier, self.scratch, self.limits = tier, scratch, limits
    def separate(self, tell: int) -> None:
        os.write(tell, b"%d\n" % os.getpid()); os.close(tell)
    def close(self) -> None:
        os.chdir(self.scratch)
