"""The report in Markdown, beside a folder of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograder.authoring.reproducing.wording import (
    HEAD,
    INTRODUCTION,
    OUTDATED,
    SMOKE,
    TITLE,
    Entry,
    cells,
    tally,
    verdict,
)

MARKS = {True: "✓", False: "✗", None: "?"}


def markdown(entries: Sequence[Entry], missing: Mapping[str, str]) -> str:
    """The whole report."""
    lines = [f"# {TITLE}", "", INTRODUCTION, ""]
    if any(entry.scale == "smoke" for entry in entries):
        lines += [SMOKE, ""]
    lines += [tally(entries), "", "| row | where the homework has it | findings |", "|---|---|---|"]
    for entry in entries:
        marks = " ".join(MARKS[claim.holds] for claim in entry.summary.claims)
        lines.append(f"| [{entry.title}](#{_anchor(entry)}), {entry.scale} | {entry.report} | {marks} |")
    lines += [f"| {name} | | missing: {_cell(why)} |" for name, why in missing.items()]
    for entry in entries:
        lines += ["", *_section(entry)]
    return "\n".join(lines) + "\n"


def _section(entry: Entry) -> list[str]:
    lines = [f"## {_heading(entry)}", "", f"{entry.report}.", ""]
    lines += [f"- {MARKS[claim.holds]} {claim.text}: {verdict(claim)}" for claim in entry.summary.claims]
    lines += ["", f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    lines += [f"| {' | '.join(map(_cell, cells(number)))} |" for number in entry.summary.numbers]
    lines += ["", f"*Why they differ:* {entry.summary.sentence}", ""]
    for figure in entry.figures:
        lines += [f"![{figure.alt}](figures/{figure.name}-{entry.scale}.png)", ""]
    if entry.outdated:
        lines += [f"**{OUTDATED}**", ""]
    lines += [
        f"*{entry.origin}; {entry.time} by the clock, on one core.*",
        "",
        "<details><summary>recipes</summary>",
        "",
    ]
    lines += [f"- {name}: `{recipe}`" for name, recipe in entry.recipes]
    return [*lines, "", "</details>"]


def _heading(entry: Entry) -> str:
    return f"{entry.title} ({entry.scale})"


def _anchor(entry: Entry) -> str:
    """What GitHub and others make of the heading."""
    kept = [letter for letter in _heading(entry).lower() if letter.isalnum() or letter in " -_"]
    return "".join(kept).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
