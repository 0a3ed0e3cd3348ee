"""`course data`: the datasets that a course can use."""

from __future__ import annotations

import argparse

from autograder.commands.common import Commands
from autograder.course.config import Course


def add(commands: Commands) -> None:
    """Add the command and its actions to the program."""
    data = commands.add_parser("data", help="list, fetch and verify the datasets that a course can use")
    actions = data.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", help="every dataset, its licence and where it lies").set_defaults(run=_list)
    fetch = actions.add_parser("fetch", help="download a dataset, resume an interrupted download, check every hash")
    fetch.add_argument("name")
    fetch.set_defaults(run=_fetch)
    verify = actions.add_parser("verify", help="compare the files that are here with the official hashes")
    verify.add_argument("names", nargs="*", metavar="NAME", help="by default every dataset that is here")
    verify.set_defaults(run=_verify)
    card = actions.add_parser("card", help="draw a contact sheet into build/cards")
    card.add_argument("name")
    card.set_defaults(run=_card)


def _list(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.datasets import list_datasets

    return list_datasets()


def _fetch(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.datasets import fetch_dataset

    return fetch_dataset(arguments.name)


def _verify(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.datasets import verify_datasets

    return verify_datasets(arguments.names)


def _card(course: Course, arguments: argparse.Namespace) -> int:
    from autograder.authoring.datasets import draw_card

    return draw_card(arguments.name, course.root / "build" / "cards")
