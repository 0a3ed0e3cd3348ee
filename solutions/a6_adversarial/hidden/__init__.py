"""Hidden checks of a6: adversarial images.

Every network here exists twice, in Keras and in NumPy float64 with gradients by hand, and every attack is followed in
float64. The two accuracy items let the student's attacks loose on a network that was trained on images.
"""

from __future__ import annotations

from assignments.a6_adversarial.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Exercise
from solutions.a6_adversarial import solution
from solutions.a6_adversarial.hidden import attacks, gradients, success, transfer
from solutions.shared.hidden.plot_curves import PLOT_CURVES_CHECKS

PUBLIC: dict[str, Exercise] = {exercise.name: exercise for exercise in EXERCISES}

CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["input_gradient"],
            (
                Check("gradients of single images and batches", gradients.gradient_values, share=4, core=True),
                Check("the network as it is deployed, unchanged", gradients.gradient_inference, share=2),
                Check("a network that is sure and wrong", gradients.gradient_confident, share=2),
            ),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["fgsm_step"],
            (
                Check("steps inside [0, 1] and at its ends", gradients.step_values, share=4, core=True),
                Check("other ranges, also for each channel", gradients.step_bounds, share=2),
                Check("a gradient of 0 moves nothing", gradients.step_flat),
                Check("keeps the dtype of x", gradients.step_dtypes),
                Check("returns new memory, leaves x and grad alone", gradients.step_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["iterated_fgsm"],
            (
                Check("whole walks", attacks.fgsm_walks, share=4, part="values", core=True),
                Check("stops at once, or does not", attacks.fgsm_stops, share=2, part="values"),
                Check("exactly the asked confidence is enough", attacks.fgsm_at_the_limit, part="values"),
                Check("gives up after max_iter steps", attacks.fgsm_gives_up, share=2, part="values"),
                Check("other ranges, also for each channel", attacks.fgsm_bounds, share=2, part="values"),
                Check("leaves image and network alone", attacks.fgsm_arguments, share=2, part="values"),
            ),
            trial=success.ITERATED_FGSM,
            staff=(solution.input_gradient, solution.fgsm_step),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["targeted_l1"],
            (
                Check("loss and gradient", gradients.l1_values, share=4, core=True),
                Check("no pull where x is x0", gradients.l1_origin, share=2),
                Check("the network as it is deployed, unchanged", gradients.l1_inference, share=2),
                Check("a target of probability 0", gradients.l1_confident, share=2),
            ),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["targeted_attack"],
            (
                Check("whole walks", attacks.targeted_walks, share=4, part="values", core=True),
                Check("stops at once, or does not", attacks.targeted_stops, share=2, part="values"),
                Check("exactly stop is not enough", attacks.targeted_at_the_limit, part="values"),
                Check("gives up after max_iter steps", attacks.targeted_gives_up, share=2, part="values"),
                Check("stays inside the range", attacks.targeted_bounds, share=2, part="values"),
                Check("leaves image and network alone", attacks.targeted_arguments, share=2, part="values"),
            ),
            trial=success.TARGETED_ATTACK,
            staff=(solution.targeted_l1,),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["transfer_matrix"],
            (
                Check("fractions for every set and predictor", transfer.matrix_values, share=4, core=True),
                Check("ragged sets, each labelled on its own", transfer.matrix_labels, share=2),
                Check("refuses labels of another length", transfer.matrix_mismatch),
            ),
        ),
        PLOT_CURVES_CHECKS,
    ]
}
