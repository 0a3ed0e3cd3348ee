"""All weakenings, in the order in which they are told."""

from __future__ import annotations

from autograder.authoring.doctor.weakening.behaving import BEHAVING
from autograder.authoring.doctor.weakening.comparing import COMPARING
from autograder.authoring.doctor.weakening.deciding import DECIDING
from autograder.authoring.doctor.weakening.describing import FIGURES, NETWORKS
from autograder.authoring.doctor.weakening.handing_in import GRADING

LIGHT = (*COMPARING.all, *BEHAVING.all, *DECIDING.all)
WEAKENINGS = (*LIGHT, *FIGURES.all, *NETWORKS.all, *GRADING.all)  # these need figures, networks, walls
