"""The report as one HTML file that holds its figures: it loads nothing from anywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

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

STYLE = """
:root { color-scheme: light dark }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; font-size: .92em }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8885; vertical-align: top }
td.number { text-align: right; white-space: nowrap }
img { max-width: 100%; height: auto; background: white; margin: .5rem 0 }
.true { color: #00734f } .false { color: #b03a00 } .none { color: #777 }
.origin { font-size: .85em; opacity: .8 } .warning { border-left: 4px solid #d55e00; padding-left: 1rem }
pre { white-space: pre-wrap; font-size: .8em }
@media (prefers-color-scheme: dark) { .true { color: #4fd1a5 } .false { color: #ff9966 } .none { color: #aaa } }
"""


def html(entries: Sequence[Entry], missing: Mapping[str, str]) -> str:
    """The whole report."""
    parts = [f"<h1>{TITLE}</h1><p>{escape(INTRODUCTION)}</p>"]
    if any(entry.scale == "smoke" for entry in entries):
        parts.append(f'<p class="warning">{escape(SMOKE.strip("*"))}</p>')
    parts.append(
        f"<p>{tally(entries)}</p><table><tr><th>row</th><th>where the homework has it</th><th>findings</th></tr>"
    )
    for entry in entries:
        link = f'<a href="#{entry.stem}">{escape(entry.title)}</a>, {entry.scale}'
        claims = "<br>".join(_claim(entry, number) for number in range(len(entry.summary.claims)))
        parts.append(f"<tr><td>{link}</td><td>{escape(entry.report)}</td><td>{claims}</td></tr>")
    for name, why in missing.items():
        parts.append(f'<tr><td>{escape(name)}</td><td></td><td class="false">missing: {escape(why)}</td></tr>')
    parts += ["</table>", *map(_section, entries)]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{TITLE}</title>'
    head += f"<style>{STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{"".join(parts)}</body></html>\n'


def _section(entry: Entry) -> str:
    heading = f'<h2 id="{entry.stem}">{escape(entry.title)} ({entry.scale})</h2>'
    parts = [f"<section>{heading}\n<p>{escape(entry.report)}.</p><ul>"]
    parts += [f"<li>{_claim(entry, number)}</li>" for number in range(len(entry.summary.claims))]
    parts.append("</ul>\n<table><tr>" + "".join(f"<th>{name}</th>" for name in HEAD) + "</tr>")
    for number in entry.summary.numbers:
        fields = enumerate(map(escape, cells(number)))
        row = "".join(f'<td class="number">{text}</td>' if i in (2, 3) else f"<td>{text}</td>" for i, text in fields)
        parts.append(f"<tr>{row}</tr>")
    parts.append(f"</table>\n<p><em>Why they differ:</em> {escape(entry.summary.sentence)}</p>")
    for figure in entry.figures:
        data = b64encode(figure.png).decode()
        parts.append(f'\n<p><img alt="{escape(figure.alt)}" src="data:image/png;base64,{data}"></p>')
    if entry.outdated:
        parts.append(f'<p class="warning">{OUTDATED}</p>')
    parts.append(f'\n<p class="origin">{escape(entry.origin)}; {entry.time} by the clock, on one core.</p>')
    recipes = "\n".join(f"{name}: {recipe}" for name, recipe in entry.recipes)
    return "".join([*parts, f"<details><summary>recipes</summary><pre>{escape(recipes)}</pre></details></section>\n"])


def _claim(entry: Entry, number: int) -> str:
    claim = entry.summary.claims[number]
    return f'{escape(claim.text)}: <strong class="{str(claim.holds).lower()}">{verdict(claim)}</strong>'
