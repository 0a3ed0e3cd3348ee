"""The ``course`` command. Exit status: 0 done, 1 findings, 2 bad input."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.config import ACCURACY, Assignment, Course, CourseError, find_course_root, load_course

if TYPE_CHECKING:
    from rich.progress import Progress

    from autograder.authoring.doctor.doctor import Examination

# Imports that cost more than a moment wait until their command runs, so that `course --help` answers at once.
# ruff: noqa: PLC0415


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings would drown our own words
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # grading is done on the processor, everywhere alike
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(name, "1")  # we work in parallel by processes; their threads would only compete
    arguments = _parser().parse_args(argv)
    try:
        course = load_course(arguments.course or find_course_root(Path.cwd()))
        return int(arguments.run(course, arguments))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130
    except Exception as error:
        from coursekit.data.loaders import DatasetError

        if not isinstance(error, DatasetError):
            raise
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="course", description="Build, release and grade a course.")
    parser.add_argument(
        "--course", type=Path, help="the folder of course.yaml; by default the nearest from here upwards"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="write nbgrader's source folders from the assignments' scripts")
    build.add_argument("assignment", nargs="?", help="one assignment; by default all")
    build.set_defaults(run=_build)

    release = commands.add_parser("release", help="build, then make what students get, and look for leaks")
    release.add_argument("assignment", nargs="?", help="one assignment; by default all")
    release.set_defaults(run=_release)

    grade = commands.add_parser("grade", help="grade every submission with nbgrader, on all cores")
    grade.add_argument("assignment")
    grade.add_argument("--jobs", type=int, help="submissions graded at the same time; by default one for each core")
    grade.add_argument("--force", action="store_true", help="grade again what is graded already")
    grade.add_argument("--timings", action="store_true", help="show the seconds that each submission took")
    grade.add_argument("--json", action="store_true", help="print scores, totals and misconceptions as JSON")
    grade.set_defaults(run=_grade)

    feedback = commands.add_parser("feedback", help="write each student's feedback page with nbgrader")
    feedback.add_argument("assignment")
    feedback.set_defaults(run=_feedback)

    demo = commands.add_parser("demo", help="grade a small class from handing in to feedback, in build/demo")
    demo.add_argument("--assignment", help="one assignment; by default the whole course")
    demo.set_defaults(run=_demo)

    data = commands.add_parser("data", help="list, fetch and verify the datasets that a course can use")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="every dataset, its licence and where it lies").set_defaults(run=_data_list)
    fetch = actions.add_parser("fetch", help="download a dataset, resume an interrupted download, check every hash")
    fetch.add_argument("name")
    fetch.set_defaults(run=_data_fetch)
    verify = actions.add_parser("verify", help="compare the files that are here with the official hashes")
    verify.add_argument("names", nargs="*", metavar="NAME", help="by default every dataset that is here")
    verify.set_defaults(run=_data_verify)
    card = actions.add_parser("card", help="draw a contact sheet into build/cards")
    card.add_argument("name")
    card.set_defaults(run=_data_card)

    notebooks = commands.add_parser("notebooks", help="run the notebooks, solutions in place, from top to bottom")
    notebooks.add_argument("assignment", nargs="?", help="one assignment; by default all")
    notebooks.set_defaults(run=_notebooks)

    doctor = commands.add_parser("doctor", help="prove that assignments, hidden checks and walls keep their contract")
    doctor.add_argument("assignment", nargs="?", help="one assignment; by default all")
    doctor.add_argument("--jobs", type=int, help="processes at the same time; by default one for each core")
    doctor.add_argument("--quick", action="store_true", help="one seed, and no accuracy items, which train networks")
    doctor.add_argument(
        "--sweep",
        type=_count,
        metavar="SEEDS",
        help="instead: ask every correct implementation with so many seeds, and show how near they come to a failure",
    )
    doctor.add_argument(
        "--first", type=int, default=0, metavar="SEED", help="the first seed of the sweep, 0 by default"
    )
    doctor.add_argument("--exercise", help="this exercise alone, without the release")
    doctor.add_argument("--json", action="store_true", help="print findings and counts as JSON")
    doctor.add_argument("--fresh", action="store_true", help="examine again what has not changed since it was sound")
    doctor.set_defaults(run=_doctor)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least one seed, received {number}")
    return number


def nbgrader_root(course: Course) -> Path:
    """Where nbgrader works: the current folder if it is such a place, else the course's ``build/``."""
    here = Path.cwd()
    return here if (here / "nbgrader_config.py").is_file() else course.root / "build"


def _with_submissions(course: Course, name: str) -> tuple[Assignment, Path]:
    """An assignment that can be graded, and nbgrader's root.

    Raises:
        CourseError: when course.yaml does not fit the course or the release, it is not released yet, or nobody has
            handed in.
    """
    from autograder.grading.agreement import require_agreement, require_fresh_release
    from autograder.grading.gradebook import gradebook_url
    from autograder.grading.settings import require_settings

    assignment, root = course.find(name), nbgrader_root(course)
    require_agreement(course, [assignment])
    if not (root / "release" / assignment.name).is_dir():
        raise CourseError([f"{root}: {assignment.name} is not released yet; run: course release {assignment.name}"])
    if not any(root.glob(f"submitted/*/{assignment.name}")):
        expected = root / "submitted" / "STUDENT" / assignment.name
        raise CourseError([f"{root}: nobody has handed in {assignment.name}; expected notebooks in {expected}"])
    require_settings(root)
    require_fresh_release(course, assignment, root, gradebook_url(root))
    return assignment, root


def _chosen(course: Course, name: str | None) -> list[Assignment]:
    """One assignment, or all."""
    return [course.find(name)] if name else list(course.assignments.values())


def _agreed(course: Course, name: str | None) -> list[Assignment]:
    """One assignment, or all; each fits its notebook, its checks and course.yaml before the first is written."""
    from autograder.grading.agreement import require_agreement

    chosen = _chosen(course, name)
    require_agreement(course, chosen)
    return chosen


def _build(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.build import build_assignment

    for assignment in _agreed(course, arguments.assignment):
        print(f"built {build_assignment(course, assignment.name, nbgrader_root(course))}")
    return 0


def _release(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.release import Leaking, release_assignment

    root, leaking, chosen = nbgrader_root(course), False, _agreed(course, arguments.assignment)
    with _progress() as progress:
        say = partial(progress.console.print, markup=False, highlight=False, soft_wrap=True)
        task = progress.add_task("", total=len(chosen))
        for assignment in chosen:
            progress.update(task, description=f"{assignment.name}: every known mistake is made, then it is released")
            try:
                say(f"released {release_assignment(course, assignment.name, root, tell=say)}")
            except Leaking as error:
                leaking = True
                say(str(error))
            progress.advance(task)
    return 1 if leaking else 0


def _grade(course: Course, arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder.classroom.scores import (
        as_json,
        autograde,
        evidence_lines,
        records,
        score_table,
        scores,
        timing_table,
        unjudged_lines,
    )

    assignment, root = _with_submissions(course, arguments.assignment)
    console = Console(stderr=arguments.json)
    status = autograde(root, assignment.name, console, jobs=arguments.jobs, force=arguments.force)
    rows = scores(root, assignment.name)
    if arguments.json:
        print(json.dumps(as_json(rows, records(root, assignment.name)), indent=1, sort_keys=True))
    else:
        console.print(score_table(rows, list(assignment.exercises), assignment.title))
        for line in evidence_lines(root, assignment.name):
            console.print(line, markup=False, highlight=False)
    unjudged = unjudged_lines(root, assignment.name)
    for line in unjudged:
        console.print(line, style="bold", markup=False, highlight=False)
    if arguments.timings:
        trained = {name: ACCURACY in assignment.parts(name) for name in assignment.exercises}
        console.print(timing_table(root, trained))
    return 1 if status or unjudged else 0


def _feedback(course: Course, arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder.classroom.scores import generate_feedback

    assignment, root = _with_submissions(course, arguments.assignment)
    status = generate_feedback(root, assignment.name, Console())
    return 1 if status else 0


def _demo(course: Course, arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from autograder.authoring.demo import run_demo

    status = run_demo(course, _agreed(course, arguments.assignment), course.root / "build" / "demo", Console())
    return 1 if status else 0


def _data_list(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.commands.data import list_datasets

    return list_datasets()


def _data_fetch(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.commands.data import fetch_dataset

    return fetch_dataset(arguments.name)


def _data_verify(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.commands.data import verify_datasets

    return verify_datasets(arguments.names)


def _data_card(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.commands.data import draw_card

    return draw_card(arguments.name, course.root / "build" / "cards")


def _notebooks(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.notebooks import execute

    failed, chosen = 0, _agreed(course, arguments.assignment)
    with _progress() as progress:
        task = progress.add_task("building", total=None)

        def watch(number: int, total: int, cell: str) -> None:
            progress.update(task, description=cell, completed=number, total=total)

        runs = execute(course, chosen, course.root / "build" / "notebooks", watch)
        for assignment, done in zip(chosen, runs, strict=True):
            failed += bool(done.problem)
            line = f"{assignment.name}: {done.problem or 'no errors'}; {done.seconds:.0f} s, {done.page}"
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
            progress.update(task, description="building", completed=0, total=None)
    return 1 if failed else 0


def _progress() -> Progress:
    """A bar for what takes minutes, below the lines that stay."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, transient=True)


def _doctor(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.doctor.doctor import Examination, examine, examine_walls

    if arguments.sweep:
        return _sweep(course, arguments)
    chosen = _chosen(course, arguments.assignment)
    if arguments.exercise:
        chosen = [assignment for assignment in chosen if arguments.exercise in assignment.exercises]
        if not chosen:
            raise CourseError([f"{arguments.exercise}: expected an exercise that course.yaml gives points"])
    examinations = examine(
        course,
        chosen,
        arguments.jobs,
        trials=not arguments.quick,
        exercise=arguments.exercise,
        keep=not arguments.fresh and not os.environ.get("CI"),
    )
    say = partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    names = [assignment.name for assignment in chosen]
    whole, parts = Examination(), dict[str, Examination]()
    for name, seen in zip(names, examinations, strict=True):
        parts[name] = seen
        whole.add(seen)
        say(f"{name} {course.assignments[name].title}")
        say("".join(f"  {line}\n" for line in [*seen.lines, _tally(seen), *_findings(seen)]), end="")
    parts["walls"] = walls = examine_walls(course)
    whole.add(walls)
    say("".join(f"{line}\n" for line in [*walls.lines, *_findings(walls)]), end="")
    if len(chosen) > 1:
        say(f"whole course: {_tally(whole)}")
    say("all is well" if not whole.findings else _counted(len(whole.findings), "finding"))
    if arguments.json:
        findings = [{"of": name, "finding": finding} for name, seen in parts.items() for finding in seen.findings]
        print(
            json.dumps({"findings": findings, "counts": {name: dict(parts[name].counts) for name in names}}, indent=1)
        )
    return 1 if whole.findings else 0


def _findings(seen: Examination) -> list[str]:
    return [f"FINDING {finding}" for finding in seen.findings]


def _sweep(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.doctor.sweep import Swept, sweep

    numbers, total = range(arguments.first, arguments.first + arguments.sweep), Swept()
    say = partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    say(f"seeds {numbers[0]} to {numbers[-1]}; below each exercise, the correct value nearest to each tolerance's edge")
    for assignment, name, swept in sweep(_chosen(course, arguments.assignment), numbers, arguments.jobs):
        total.add(swept)
        say(f"{assignment.name} {name:28} {swept.counts['cases']:6} answers, losses: {len(swept.losses)}")
        say("".join(f"  {one}\n" for one in swept.closest.values()), end="")
        say("".join(f"  FINDING {loss}\n" for loss in swept.losses), end="")
    say("smallest margin of each tolerance:")
    say("".join(f"  {one}\n" for one in sorted(total.closest.values(), key=lambda one: -one.used)), end="")
    say(f"{total.counts['cases']} answers of correct implementations; points lost: {len(total.losses)}")
    if arguments.json:
        print(json.dumps({"findings": total.losses, "counts": dict(total.counts)}, indent=1))
    return 1 if total.losses else 0


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _tally(seen: Examination) -> str:
    counts = seen.counts
    return (
        f"{counts['caught']} of {_counted(counts['mutants'], 'mutant')} caught, "
        f"{counts['hinted']} with their own hint; {_counted(counts['variants'], 'variant')} with full marks"
        + (f"; {_counted(counts['untrained'], 'mutant')} left to a doctor that trains" if counts["untrained"] else "")
    )


if __name__ == "__main__":
    sys.exit(main())
