"""Hidden checks of a4: the all-convolutional net, finding its convolutions, measuring their gradients."""

from __future__ import annotations

from assignments.a4_all_conv.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from solutions.a4_all_conv import solution
from solutions.a4_all_conv.hidden import architecture, gradients
from solutions.shared.hidden.plot_curves import PLOT_CURVES_CHECKS

PUBLIC = {exercise.name: exercise for exercise in EXERCISES}


CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["build_all_conv"],
            (
                Check("computes what table 2 says", architecture.plain, share=4, part="structure", core=True),
                Check("with BatchNormalization, in use and in training", architecture.normalised, 3, "structure"),
                Check("96 channels by default", architecture.defaults, share=1, part="structure"),
            ),
            trial=architecture.LEARNS,
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["first_last_conv"],
            (
                Check("the order of the network, whatever the names", gradients.ordered, share=3, core=True),
                Check("a single convolution is first and last", gradients.single),
                Check("a network without convolutions is an error", gradients.without),
            ),
        ),
        ExerciseChecks(
            PUBLIC["gradient_magnitude"],
            (
                Check("the largest gradient, of any layer", gradients.values, share=4, part="value", core=True),
                Check("a dead layer has gradient 0", gradients.dead, part="value"),
                Check("BatchNormalization as in training", gradients.training, part="training"),
                Check("leaves the network as it was", gradients.untouched, part="side_effects"),
            ),
            staff=(solution.first_last_conv,),
        ),
        PLOT_CURVES_CHECKS,
    ]
}
