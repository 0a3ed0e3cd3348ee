#!/usr/bin/env bash
# Run by the platform for each submission. Where the grader itself fails there is no file with scores: the platform then
# says so, lists the submission, and can run it again.
set -euo pipefail
base="${COURSE_BASE:-/autograder}"
job="${COURSE_JOB:-/grade}" # PrairieLearn's

case @PLATFORM@ in
    gradescope) files=(--submission "$base/submission" --results "$base/results/results.json") ;;
    prairielearn) files=(--submission "$job/student" --results "$job/results/results.json") ;;
    vocareum) # this file alone goes to /voc/scripts
        files=(--submission "${VOC_HOME_DIR:-/voc/work}" --results "$vocareumGradeFile" --report "$vocareumReportFile") ;;
esac
export HOME="$base/home"
cd "$base/source"
exec "$base/venv/bin/course" --course "$base/source/course" container grade @ASSIGNMENT@ --to @PLATFORM@ "${files[@]}"
