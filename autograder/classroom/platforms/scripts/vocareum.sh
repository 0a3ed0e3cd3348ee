#!/usr/bin/env bash
# Run by Vocareum for each submission, in the image that the Dockerfile makes; this file alone goes to /voc/scripts.
set -euo pipefail
base="${COURSE_BASE:-/autograder}"
work="${VOC_HOME_DIR:-/voc/work}"
export HOME="$base/home"
cd "$base/source"
exec "$base/venv/bin/course" --course "$base/source/course" container grade @ASSIGNMENT@ --to vocareum \
    --submission "$work" --results "$vocareumGradeFile" --report "$vocareumReportFile"
