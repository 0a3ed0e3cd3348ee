"""Hidden checks of a2: curves, regression, two networks, dropout, evaluation."""

from __future__ import annotations

from assignments.a2_first_networks.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Exercise
from solutions.a2_first_networks import solution
from solutions.a2_first_networks.hidden import measuring, networks, orders, regression
from solutions.shared.hidden.plot_curves import PLOT_CURVES_CHECKS

PUBLIC: dict[str, Exercise] = {exercise.name: exercise for exercise in EXERCISES}

CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        PLOT_CURVES_CHECKS,
        ExerciseChecks(
            PUBLIC["ema_smooth"],
            (
                Check("the averages, from the first on", measuring.smooth_values, share=3, core=True),
                Check("leaves the values alone", measuring.smooth_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["standardize_features"],
            (
                Check("both sets, with the training set's statistics", regression.features_values, share=4, core=True),
                Check("constant columns, without dividing by zero", regression.features_constant, share=2),
                Check("features of an integer dtype", regression.features_integers),
                Check("leaves both sets alone", regression.features_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["mse_loss"],
            (
                Check("loss and gradient, vectors and columns", regression.error_values, share=4, core=True),
                Check("the upstream gradient", regression.error_upstream),
                Check("sizes that differ are an error", regression.error_sizes),
                Check("leaves its arguments alone", regression.error_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["train_linear_regression"],
            (
                Check("steps on the whole set", regression.fit_full_batch, share=3, part="values", core=True),
                Check("mini-batches: each step from its own samples", regression.fit_mini_batches, 4, "values"),
                Check(orders.CHECK, orders.fresh_orders, part="values"),
            ),
            trial=regression.REACHES_LEAST_SQUARES,
            staff=(solution.mse_loss,),
        ),
        ExerciseChecks(
            PUBLIC["evaluate_batched"],
            (
                Check("loss and accuracy, any batch size", measuring.evaluation_values, share=4, core=True),
                Check("logits up to 1e5", measuring.evaluation_large, share=2),
                Check("never more than batch_size images at once", measuring.evaluation_limit),
            ),
        ),
        ExerciseChecks(
            PUBLIC["build_mlp"],
            (
                Check("computes what is described", networks.mlp_function, share=4, part="structure", core=True),
                Check("drops hidden units, in training alone", networks.mlp_dropout, share=3, part="structure"),
            ),
            trial=networks.MLP_LEARNS,
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["build_convnet"],
            (
                Check("computes what is described", networks.convnet_function, share=4, part="structure", core=True),
                Check("drops after each pooling, in training alone", networks.convnet_dropout, 3, "structure"),
            ),
            trial=networks.CONVNET_LEARNS,
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["dropout_forward"],
            (
                Check("what the mask holds, and out = x * mask", measuring.dropout_mask, share=4, core=True),
                Check("a decision of its own for every element", measuring.dropout_separate, share=2),
                Check("how many elements fall, and which, in eight calls", measuring.dropout_over_calls, share=2),
                Check("nothing happens at test time or for rate 0", measuring.dropout_off, share=2),
                Check("keeps the dtype of x", measuring.dropout_dtype),
                Check("draws from the generator given, leaves x alone", measuring.dropout_generator),
            ),
        ),
    ]
}
