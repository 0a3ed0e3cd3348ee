"""What a worker is asked and answers. No scheduler here: tests/test_scale.py has real ones."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from autograder.grading import versions
from autograder.grading.cluster import task
from autograder.grading.cluster.task import Around, judge, request
from autograder.grading.grade import Grader
from autograder.judge.process import JudgeJob
from autograder.judge.referee import Graded, run_job

HERE = Around("a hash", "3.11\nx86_64\nkeras 3.15\nnumpy 2.3")


@pytest.fixture(scope="module")
def job(course, classroom, private_servers) -> JudgeJob:
    """A submission with one mistake."""
    classroom.hand_in("ada", classroom.notebook({"threshold_relu": "def threshold_relu(x, t):\n    return x"}))
    grader = Grader(course, classroom.assignment, classroom.root)
    folder = classroom.root / "submitted" / "ada" / "a1"
    return grader.job(grader.prepare(folder / f"{classroom.assignment.folder}.ipynb"))


def test_a_job_comes_back_from_json_as_it_was(job):
    changed = replace(job, first=3, replay=job.steps[:2], spent=job.spent._replace(own=1.5), tier="landlock")
    for one in (job, changed):
        again = JudgeJob.from_plain(json.loads(json.dumps(asdict(one))))
        assert asdict(again) == asdict(replace(one, replay=list(one.replay), undefined=list(one.undefined)))
        assert again.spent == one.spent and type(again.steps[0]) is type(one.steps[0])


def test_a_worker_decides_what_this_machine_would(job):
    answer = json.loads(judge(request(job, Around.here())))
    ours, _ = run_job(job)
    theirs = Graded.from_json(answer["graded"])
    assert theirs.verdicts == ours.verdicts and theirs.outputs == ours.outputs
    assert not theirs.verdicts["threshold_relu"].full and theirs.verdicts["sigmoid_forward"].full


def test_a_worker_takes_its_own_datasets(job, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(task, "run_job", lambda job: (seen.append(job.data_folder), (Graded(), 0.0))[1])
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    judge(request(replace(job, data_folder="/somebody/else"), Around.here()))
    assert seen == [str(tmp_path)]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (HERE, ""),
        (replace(HERE, files="another"), "other files of the course or the grader"),
        (
            replace(HERE, installed="3.11\nx86_64\nkeras 3.14\nnumpy 2.3"),
            "other versions: keras 3.15 here, keras 3.14 there",
        ),
        (replace(HERE, installed="3.11\nx86_64\nkeras 3.15"), "other versions: numpy 2.3 here"),
    ],
)
def test_how_two_machines_differ(other, told):
    assert HERE.unlike(other) == told


def test_of_many_differences_the_first_are_told():
    told = HERE.unlike(Around("a hash", "\n".join(f"package{number} 1" for number in range(20))))
    assert told.count(",") == task.NAMED and told.endswith(", ...")


def test_a_worker_with_another_course_refuses(job):
    asking = replace(Around.here(), files="another course")
    assert json.loads(judge(request(job, asking))) == {"refused": "other files of the course or the grader"}


def test_a_worker_whose_files_have_changed_under_it_refuses(job, monkeypatch):
    task.at_the_start()
    monkeypatch.setattr(task, "look", lambda: versions.look()[1:])  # one is gone
    assert "start it again" in json.loads(judge(request(job, Around.here())))["refused"]
