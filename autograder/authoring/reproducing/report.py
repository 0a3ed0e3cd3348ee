"""What a report says, row by row, as data; and its pages, Markdown beside its figures and HTML that holds them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.authoring.reproducing import page, sheet
from autograder.authoring.reproducing.running import units_of
from autograder.authoring.reproducing.store import Store, plain
from autograder.authoring.reproducing.surroundings import Surroundings, code
from autograder.authoring.reproducing.wording import Entry, Picture
from autograder.classroom.writing import write
from autograder.course.experiments import Figure, Result, Row, Scale
from coursekit.kernel.quiet import no_greetings

DPI = 130


@dataclass(frozen=True)
class Told:
    """Where a report is, and what it says."""

    folder: Path
    entries: tuple[Entry, ...]


def entry(row: Row, scale: Scale, store: Store, surroundings: Surroundings, root: Path) -> Entry:
    """One row, from what its units found.

    Raises:
        FileNotFoundError: when one of them is not finished.
    """
    units = units_of([row], scale)
    facts = [store.facts(surroundings.key(unit)) for unit in units]
    codes = [code(root, unit.run.__module__) for unit in units]
    results: dict[str, list[Result]] = {}
    for unit in row.units(scale):
        results.setdefault(unit.name, []).append(store.result(surroundings.key(unit)))
    summary, figures = row.summarise(results), row.draw(results)
    summary = replace(summary, claims=tuple(claim for claim in summary.claims if claim.at in (None, scale)))
    kinds = sorted({unit.images.kind for unit in units if unit.images})
    return Entry(
        name=row.name,
        title=row.title,
        report=row.report,
        scale=scale,
        summary=summary,
        figures=tuple(rendered(figure) for figure in figures),
        data=", ".join(dict(surroundings.data)[kind] for kind in kinds) or "drawn by the experiment itself",
        machines=tuple(sorted({fact["machine"] for fact in facts})),
        versions=tuple(sorted({_versions(fact, surroundings) for fact in facts})),
        seconds=sum(fact["seconds"] for fact in facts),
        recipes=tuple({fact["name"]: _recipe(fact) for fact in facts}.items()),
        seeds=tuple(sorted({unit.seed for unit in units})),
        outdated=any(fact["code"] != now for fact, now in zip(facts, codes)),
    )


def rendered(figure: Figure) -> Picture:
    """A figure as PNG and as SVG; the same drawing gives the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - seconds, which `--plan` need not wait for

    images = []
    for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
        buffer = io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": figure.name}):
            figure.drawing.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
        images.append(buffer.getvalue())
    return Picture(figure.name, figure.alt, *images)


def write_report(entries: Sequence[Entry], missing: Mapping[str, str], folder: Path) -> Told:
    """Write ``report.md``, ``report.html``, ``rows/NAME.json`` and ``figures/``.

    Args:
        missing: rows without results, and why.
    """
    with no_greetings():
        for one in entries:
            stem = one.stem
            write(folder / "rows" / f"{stem}.json", (json.dumps(_plain(one), indent=1, default=plain) + "\n").encode())
            for picture in one.figures:
                write(folder / "figures" / f"{picture.name}-{one.scale}.png", picture.png)
                write(folder / "figures" / f"{picture.name}-{one.scale}.svg", picture.svg)
        write(folder / "report.md", sheet.markdown(entries, missing).encode())
        write(folder / "report.html", page.html(entries, missing).encode())
    return Told(folder, tuple(entries))


def _versions(facts: Mapping[str, Any], surroundings: Surroundings) -> str:
    names = ("python", "numpy", "keras", surroundings.backend)
    return ", ".join(f"{name} {facts[name]}" for name in names)


def _recipe(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts["recipe"], sort_keys=True)


def _plain(one: Entry) -> dict[str, Any]:
    """An entry for machines: numbers and claims, recipes, versions."""
    found = asdict(one)
    found["figures"] = [{"name": f"{p.name}-{one.scale}", "alt": p.alt} for p in one.figures]
    found["recipes"] = {name: json.loads(recipe) for name, recipe in one.recipes}
    return found
