#!/usr/bin/env bash
# Run once, when the image is built: Python's packages, the course, and the folder in which it grades.
#   COURSE_BASE      the folder that holds this zip as source/; /autograder by default
#   COURSE_PYTHON    the Python to use; by default the first that fits, or one from the distribution
#   COURSE_PACKAGES  a site-packages folder that has pip and all of requirements.lock already, with their programs on
#                    PATH: nothing is downloaded
set -euo pipefail
base="${COURSE_BASE:-/autograder}"
source="$base/source"

find_python() {
    local python
    for python in "${COURSE_PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        if [ -n "$python" ] && "$python" -c 'import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' > /dev/null 2>&1; then
            command -v "$python"
            return
        fi
    done
    return 1
}

if ! python="$(find_python)"; then
    apt-get update
    for version in 3.12 3.11; do
        if apt-get install -y "python$version" "python$version-venv"; then break; fi
    done
    if ! python="$(find_python)"; then
        echo "Python 3.11 to 3.13 is needed, with its venv module, and none was found: choose a newer base image" >&2
        exit 1
    fi
fi

# A home of our own: on some platforms the usual one is the student's, where programs look for their settings.
export HOME="$base/home"
mkdir -p "$HOME"
bin="$base/venv/bin"
if [ -n "${COURSE_PACKAGES:-}" ]; then
    "$python" -m venv --clear --without-pip "$base/venv" # pip is among the packages, and setuptools is new enough there
    echo "$COURSE_PACKAGES" > "$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/packages.pth"
else
    "$python" -m venv --clear "$base/venv"
    if [ -d "$source/wheels" ]; then # every package of the lock, whose hashes were compared when they were packed
        packages=(--no-deps "$source"/wheels/*)
    else
        packages=(--require-hashes --requirement "$source/course/requirements.lock")
    fi
    "$bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
fi
"$bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --editable "$source/course"
"$bin/course" --course "$source/course" container prepare @ASSIGNMENT@
