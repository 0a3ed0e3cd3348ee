"""Make docs/measured/grading.md and its picture of what the benchmarks have kept with `--write`.

.venv/bin/python benchmarks/report.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from measuring import ROOT, ROWS, told

PAGE = ROWS.parent / "grading.md"
PICTURE = ROWS.parent / "scaling.png"
BEGINNING = """# What grading costs

Measured by the scripts in `benchmarks/`, each on the machine that is named; `benchmarks/report.py` makes this page of
what they have kept. Ratios of one run can be compared between machines, seconds cannot. No two submissions are equal.
"""
NOTHING = "Nothing is kept yet: run them with `--write`, on a machine that has nothing else to do.\n"
Row = Mapping[str, Any]


def page(rows: Mapping[str, Row]) -> str:
    """The page, with a chapter for every benchmark that was kept."""
    chapters = [chapter(rows[name]) for name, chapter in CHAPTERS.items() if name in rows]
    return "\n".join([BEGINNING, *(chapters or [NOTHING])])


def table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; numbers to the right."""
    written = [f"| {' | '.join(head)} |", f"|{'|'.join(['---', *['---:'] * (len(head) - 1)])}|"]
    return "\n".join([*written, *(f"| {' | '.join(map(str, cells))} |" for cells in lines)]) + "\n"


def _made(row: Row, command: str) -> str:
    return f"`.venv/bin/python benchmarks/{command}` on {told(row['machine'])}.\n"


def _each(rows: Iterable[Row], name: str) -> str:
    return " ".join(map(str, sorted({row[name] for row in rows})))


def beside_nbgrader(row: Row) -> str:
    """Stock nbgrader and ours, the overhead, and the floor of an assignment with trainings."""
    stock, ours, copies = row["stock"], row["ours"], row["copies"]
    ratios = (f"{stock[kind] / ours[kind]:.0f}" for kind in ("wall", "cpu"))
    lines = [("each further submission of a1", *ratios, f"{ours['cpu']:.2f}")]
    text = f"""## Beside plain nbgrader

Both grade {copies} submissions of a1. Plain nbgrader starts a Jupyter kernel for each, which imports TensorFlow, and
runs the tests in it, beside the student's code; ours runs behind walls and asks hidden cases.

{table(("", "times as fast", "times less processor time", "our seconds of it"), lines)}
Of ours, {row["own"]:.2f} s are the students' own arithmetic, which nobody can save: the overhead is
**{row["overhead"]:.2f} s** of processor time for each submission.
A student's process takes {row["student_mib"][0]:.0f} MiB beside its warm server, and {row["student_mib"][1]:.0f} MiB
once it has used TensorFlow.
"""
    if training := row.get("training"):
        text += f"""
Where the grader trains networks, the trainings decide: a submission of {training["assignment"]} costs
**{training["ratio"]:.2f} times** its floor, which is {training["trainings"]:.1f} s of trainings and
{training["calls"]:.1f} s of the student's own functions.
"""
    return f"{text}\n" + _made(row, f"autograde.py --copies {copies}" + ("" if training else " --training none"))


def stages(row: Row) -> str:
    """Where the time of one submission goes."""
    processes = ("grader", "reader", "judge", "student")
    whole = sum(sum(stage["cpu"].values()) for stage in row["stages"])
    share = {stage["stage"]: sum(stage["cpu"].values()) / whole for stage in row["stages"]}
    lines = [
        (stage["stage"], f"{share[stage['stage']]:.0%}", *(f"{stage['cpu'][name] / whole:.0%}" for name in processes))
        for stage in row["stages"]
    ]
    own = sum(row["arithmetic"].values())
    return f"""## Where the time goes

Processor time of one submission of {row["assignment"]}, {1000 * whole:.0f} ms in all, by stage and by process: the
grader is nbgrader's own process; each of the others is counted with the warm server that forks it.

{table(("stage", "share", *processes), lines)}
The student's own arithmetic, {own / whole:.0%}, is part of the cases.

{_made(row, f"stages.py --copies {row['copies']}")}"""


def scaling(row: Row) -> str:
    """Classes of several sizes, one job and two."""
    rows = sorted(row["rows"], key=lambda one: (one["by"], one["jobs"], one["size"]))
    first = {(one["by"], one["jobs"]): one for one in reversed(rows)}
    single = {(one["by"], one["size"]): one["each_wall"] for one in reversed(rows)}  # by fewest of its kind
    lines = [
        (
            f"{one['size']:,}",
            f"{one['jobs']} {one['by']}",
            f"{one['each_cpu'] / first[one['by'], one['jobs']]['each_cpu']:.2f}",
            f"{single[one['by'], one['size']] / one['each_wall']:.2f}",
            f"{one['pss_mib']:,}",
            one["grader_mib"],
        )
        for one in rows
    ]
    head = ("submissions", "by", "cost of each", "times as fast as one", "peak PSS, MiB", "nbgrader's, MiB")
    return f"""## As a class grows

The cost of each is its processor time, by that of one in the smallest class. The memory is that of nbgrader, warm
servers, judges, readers and students' processes together, pages that they share counted once.

{table(head, lines)}
![Cost of a submission and peak memory by the size of the class, for one job and for two]({PICTURE.name})

{_made(row, f"scaling.py --sizes {_each(rows, 'size')} {' '.join(_counted(rows))}")}"""


def _counted(rows: Sequence[Row]) -> Iterator[str]:
    for option, by in (("--jobs", "jobs"), ("--dask", "workers")):
        if mine := [one for one in rows if one["by"] == by]:
            yield f"{option} {_each(mine, 'jobs')}"


def hostile(row: Row) -> str:
    """A class in which some use every limit."""
    return f"""## When some use every limit to its end

Of {row["size"]} submissions, {row["hostile"]} loop or sleep until every limit is used up, {row["each_limit"]} s each
with the lowered limits of this benchmark. The class takes **{row["ratio"]:.2f} times** what the honest ones and the
limits alone take. The first of all sleeps: {row["before_first"]} of the {row["size"] - 1} others came before it.

{_made(row, f"hostile.py --size {row['size']} --hostile {row['hostile']}")}"""


def otter(row: Row) -> str:
    """Three exercises through otter-grader."""
    theirs, ours = row["otter"], row["ours"]
    return f"""## Beside otter-grader

`otter run` on a notebook with three exercises of a1 takes **{theirs["wall"] / ours["wall"]:.0f} times** as long, and
{theirs["cpu"] / ours["cpu"]:.0f} times the processor time, as ours on all eight. It starts a program and a kernel for
each submission, and runs its tests in the student's kernel.

{_made(row, f"otter.py --copies {row['copies']}")}"""


CHAPTERS = {
    "autograde": beside_nbgrader,
    "stages": stages,
    "scaling": scaling,
    "hostile": hostile,
    "otter": otter,
}


def draw(row: Row, path: Path) -> None:
    """Cost and memory by the size of the class, one line for each number of jobs or workers."""
    import matplotlib  # noqa: PLC0415 - the page alone needs no figure

    matplotlib.use("agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, (cost, memory) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for by, jobs in sorted({(one["by"], one["jobs"]) for one in row["rows"]}):
        mine = sorted(
            (one for one in row["rows"] if (one["by"], one["jobs"]) == (by, jobs)), key=lambda one: one["size"]
        )
        sizes, label = [one["size"] for one in mine], f"{jobs} {by if jobs != 1 else by.removesuffix('s')}"
        cost.plot(sizes, [1000 * one["each_cpu"] for one in mine], marker="o", label=label)
        memory.plot(sizes, [one["pss_mib"] for one in mine], marker="o", label=label)
    cost.set(title="processor time of a submission", ylabel="ms", ylim=(0, None))
    memory.set(title="peak memory of everything", ylabel="MiB (PSS)", ylim=(0, None))
    for axes in (cost, memory):
        axes.set(xlabel="submissions in the class", xscale="log")
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def kept() -> dict[str, Row]:
    """What was kept, by the name of its benchmark."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(ROWS.glob("*.json"))}


def main() -> None:
    rows = kept()
    PAGE.write_text(page(rows), encoding="utf-8")
    if "scaling" in rows:
        draw(rows["scaling"], PICTURE)
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
