"""Let this environment see another one's packages behind its own: the site's tools import the course, which runs there.

Written into the environment itself, once: a line that Python reads whenever it starts.
"""

import sys
import sysconfig
from pathlib import Path

if __name__ == "__main__":
    place = Path(sysconfig.get_path("purelib"), "behind.pth")
    place.write_text(f"import site; site.addsitedir({sys.argv[1]!r})\n", encoding="utf-8")
