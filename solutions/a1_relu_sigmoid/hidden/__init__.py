"""Hidden checks of a1: thresholds, sigmoids, backward passes.

Every reference here is a plain loop in float64, so that it shares no idea with the vectorised solutions.
"""

from __future__ import annotations

from assignments.a1_relu_sigmoid.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Exercise
from solutions.a1_relu_sigmoid import solution
from solutions.a1_relu_sigmoid.hidden import folding, gradients, thresholds

PUBLIC: dict[str, Exercise] = {exercise.name: exercise for exercise in EXERCISES}


CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["threshold_relu"],
            (
                Check("values, scalar and per-channel thresholds", thresholds.relu_values, share=4, core=True),
                Check("keeps the dtype of x", thresholds.relu_dtypes),
                Check("returns new memory, leaves x alone", thresholds.relu_new_memory),
            ),
        ),
        ExerciseChecks(
            PUBLIC["threshold_relu_backward"],
            (
                Check("gradients for x and t", thresholds.backward_values, share=4, core=True),
                Check("clamped entries give exactly 0", thresholds.backward_infinite),
                Check("keeps the dtype of x", thresholds.backward_dtypes),
                Check("returns new memory, leaves dout and x alone", thresholds.backward_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_dense"],
            (
                Check("biases, scalar and per-unit thresholds", folding.dense_values, share=4, core=True),
                Check("keeps the dtype of the biases", folding.dense_dtypes),
                Check("returns new arrays, leaves the old network alone", folding.dense_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_network"],
            (
                Check("hidden layers of deep networks", folding.network_hidden, share=4, core=True),
                Check("a thresholded output layer", folding.network_output, share=2),
                Check("a single linear layer, copied", folding.network_single),
                Check("keeps the dtype of the biases", folding.network_dtypes),
                Check("leaves the old network alone", folding.network_arguments),
            ),
            staff=(solution.fold_threshold_dense,),
        ),
        ExerciseChecks(
            PUBLIC["fold_threshold_conv"],
            (
                Check("'valid' convolutions", folding.conv_valid, share=4, part="valid", core=True),
                Check("keeps the dtype of the biases", folding.conv_dtypes, part="valid"),
                Check("'same' convolutions, border included", folding.conv_same, share=4, part="same", core=True),
                Check("'same' with even kernels and strides", folding.conv_same_uneven, share=2, part="same"),
                Check("leaves its arguments alone", folding.conv_arguments, part="same"),
            ),
        ),
        ExerciseChecks(
            PUBLIC["sigmoid_forward"],
            (
                Check("values and cache", gradients.sigmoid_values, share=3, core=True),
                Check("far from 0, without overflow", gradients.sigmoid_extremes, share=2),
                Check("keeps the dtype of x", gradients.sigmoid_dtypes),
                Check("returns new memory, leaves x alone", gradients.sigmoid_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["sigmoid_backward"],
            (
                Check("the formula, for any shape", gradients.sigmoid_backward_values, share=4, core=True),
                Check("saturated units give exactly 0", gradients.sigmoid_backward_saturated),
                Check("keeps the dtype of the cache", gradients.sigmoid_backward_dtypes),
                Check("leaves dout and the cache alone", gradients.sigmoid_backward_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["affine_backward"],
            (
                Check("all three gradients", gradients.affine_values, share=4, core=True),
                Check("keeps the dtype", gradients.affine_dtypes),
                Check("returns new arrays, leaves the cache alone", gradients.affine_arguments),
            ),
        ),
    ]
}
