"""Which pages the site has, in which order, and where each is written. Whatever else is there, `make docs` makes."""

from __future__ import annotations

HOME = "index.md"

# Chapter, then a page's place in the site and its source in the repository; None for a page that is made.
CHAPTERS: dict[str, dict[str, str | None]] = {
    "": {HOME: "README.md"},
    "For students": {"students.md": "docs/students.md"},
    "For instructors": {
        "instructors/set-up.md": "docs/instructors/set-up.md",
        "instructors/grade.md": "docs/instructors/grade.md",
        "instructors/cluster.md": "docs/instructors/cluster.md",
        "instructors/hand-grade.md": "docs/instructors/hand-grade.md",
        "instructors/export.md": "docs/instructors/export.md",
        "instructors/several-graders.md": "docs/instructors/several-graders.md",
        "instructors/own-work.md": "docs/instructors/own-work.md",
        "instructors/walls.md": "docs/instructors/walls.md",
        "instructors/privacy.md": "docs/instructors/privacy.md",
    },
    "The course": {"course/index.md": None},  # the assignments stand below it
    "What was measured": {
        "reproduce.md": "docs/reproduce.md",
        "reproduced/report.md": "docs/reproduced/report.md",
        "calibration.md": None,
        "measured/grading.md": "docs/measured/grading.md",
    },
    "For developers": {
        "developers/architecture.md": "docs/developers/architecture.md",
        "developers/add-an-exercise.md": "docs/developers/add-an-exercise.md",
        "developers/interface.md": None,
        "developers/contributing.md": "CONTRIBUTING.md",
        "glossary.md": "docs/glossary.md",
        "changelog.md": "CHANGELOG.md",
    },
}
# Below the page of the course, beside the assignments.
CARDS = {
    f"course/{name}.md": f"datasets/cards/{name}.md"
    for name in ("synthetic-grey", "synthetic-colour", "fashion-mnist", "cifar-10")
}

# Modules in whose words notebooks, public cases and hidden checks are written, with the names that are meant.
INTERFACE: dict[str, dict[str, tuple[str, ...]]] = {
    "In a notebook": {
        "coursekit.checker": ("Checker", "Report"),
        "coursekit.environment": ("check_environment",),
        "coursekit.tracking": ("track",),
        "coursekit.data": ("course_data", "load", "Data", "DatasetError"),
        "coursekit.drawing.architecture": ("draw_architecture",),
        "coursekit.drawing.pictures": ("show_images", "show_attacks", "show_table"),
    },
    "Public cases": {
        "coursekit.checking": ("Case", "Exercise", "Tolerance", "AnyFloat", "Refused", "judge_case"),
        "coursekit.observing": ("Rng", "Remote", "observe"),
        "coursekit.models.networks": ("Network", "LayerOf", "Symbol"),
    },
    "Hidden checks, mutants and variants": {
        "autograder.course.checks": ("Check", "ExerciseChecks"),
        "autograder.course.bank": ("Bank", "Mutant", "Variant"),
        "autograder.course.chance": ("ChanceTest",),
        "autograder.course.trials": ("Trial", "Bench", "Images"),
    },
    "Experiments that `course reproduce` runs": {
        "autograder.course.experiments": ("Row", "Unit", "Number", "Claim", "Summary", "Figure"),
    },
}
