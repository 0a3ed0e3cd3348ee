#!/usr/bin/env bash
# Run by Gradescope for each submission. Where the grader itself fails there is no results.json: Gradescope then says
# so, lists the submission, and can run it again.
set -euo pipefail
base="${COURSE_BASE:-/autograder}"
export HOME="$base/home"
cd "$base/source"
exec "$base/venv/bin/course" --course "$base/source/course" container grade @ASSIGNMENT@ --to gradescope \
    --submission "$base/submission" --results "$base/results/results.json"
