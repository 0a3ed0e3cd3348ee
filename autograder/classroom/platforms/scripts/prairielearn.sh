#!/usr/bin/env bash
# The entrypoint for PrairieLearn, in the image that the Dockerfile makes.
set -euo pipefail
base="${COURSE_BASE:-/autograder}"
job="${COURSE_JOB:-/grade}"
export HOME="$base/home"
cd "$base/source"
exec "$base/venv/bin/course" --course "$base/source/course" container grade @ASSIGNMENT@ --to prairielearn \
    --submission "$job/student" --results "$job/results/results.json"
