"""Classes of 50, 200 and 1,000, graded by jobs or by Dask's workers: time and memory, and what grows.

    .venv/bin/python benchmarks/scaling.py [--sizes 50 200 1000] [--jobs 1 2] [--dask 1 2 4] [--write]

Everybody hands in a whole a1, no two alike. Each job has a core of its own, and there are no others for nbgrader, the
warm servers and students' processes. The last lines are what is asked for: a submission of the largest class costs what
one of the smallest does, within a tenth; the memory does not grow with the class; and two jobs are 1.8 times as fast as
one. On a machine that others use too, only the processor time can be believed: `load` says whether.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import measuring
from classes import Room
from measuring import autograde, cores, private_folder

MIB = 1024


def measure(servers: Path, sizes: Sequence[int], jobs: int, by: str) -> Iterator[dict[str, Any]]:
    """A row for each size. What a run costs before its first submission is told apart.

    Args:
        by: ``jobs`` of the grader, or ``workers`` of a scheduler on this machine, one job each.
    """
    room, options = Room(servers / "class", "a1"), [f"--SubmissionExporter.jobs={jobs}"]
    options += ["--SubmissionExporter.dask=local"] if by == "workers" else []
    room.hand_in_many(1)
    autograde(room.root, room.assignment.name, servers, *options)  # the warm servers start
    for size in sorted(sizes):
        room.hand_in_many(size)
        alone = autograde(room.root, room.assignment.name, servers, *options, students="student0000").spent
        graded = autograde(room.root, room.assignment.name, servers, *options, memory=True)
        each = (graded.spent - alone).per(size - 1)
        row = {"size": size, "jobs": jobs, "by": by, "wall": graded.spent.wall, "cpu": graded.spent.cpu}
        row |= {"each_wall": each.wall, "each_cpu": each.cpu, "begin_cpu": alone.cpu - each.cpu}
        yield row | {"pss_mib": graded.memory_kib // MIB, "grader_mib": graded.grader_kib // MIB}


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"{row['size']:6} {row['jobs']:3} {row['by']:7} {row['wall']:9.1f} {row['cpu']:9.1f} "
        f"{1000 * row['each_wall']:9.0f} {1000 * row['each_cpu']:9.0f} {row['pss_mib']:9} {row['grader_mib']:9}"
    )


def verdict(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What is asked for, and what was found."""
    kinds = sorted({row["by"] for row in rows})
    return [text for by in kinds for text in _verdict([row for row in rows if row["by"] == by], by)]


def _verdict(rows: Sequence[dict[str, Any]], by: str) -> list[str]:
    found = {(row["size"], row["jobs"]): row for row in rows}
    sizes, jobs = sorted({row["size"] for row in rows}), sorted({row["jobs"] for row in rows})
    small, large = sizes[0], sizes[-1]
    lines = []
    for count in jobs:
        few, many = found[small, count], found[large, count]
        cost, more = many["each_cpu"] / few["each_cpu"], many["pss_mib"] - few["pss_mib"]
        lines.append(f"{count} {by}: one of {large} costs {cost:.2f} times what one of {small} does, and {more:+} MiB")
    for size in sizes if len(jobs) > 1 else ():
        faster = found[size, jobs[0]]["each_wall"] / found[size, jobs[-1]]["each_wall"]
        lines.append(f"{size} submissions: {jobs[-1]} {by} are {faster:.2f} times as fast as {jobs[0]}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--dask", type=int, nargs="+", default=[], help="workers, too; needs the packages of the extra `dask`"
    )
    parser.add_argument("--write", action="store_true", help="keep the rows for docs/measured/grading.md")
    arguments = parser.parse_args()
    if arguments.dask and importlib.util.find_spec("distributed") is None:
        parser.error("workers need the packages of requirements-dask.lock: only --jobs can be measured")
    machine = measuring.machine()
    print(f"{measuring.told(machine)}; a1, everybody's functions right; seconds, milliseconds of each, MiB\n")
    print("  size   jobs           clock       cpu  ms clock    ms cpu       pss  nbgrader")
    rows = []
    runs = [(jobs, "jobs") for jobs in arguments.jobs] + [(workers, "workers") for workers in arguments.dask]
    for jobs, by in runs:
        with cores(jobs), private_folder() as folder:  # its servers are started on these cores, and stay there
            for row in measure(folder, arguments.sizes, jobs, by):
                print(line(row), flush=True)
                rows.append(row)
    print("\n" + "\n".join(verdict(rows)))
    measuring.keep("scaling", {"machine": machine, "rows": rows}, arguments.write)


if __name__ == "__main__":
    main()
