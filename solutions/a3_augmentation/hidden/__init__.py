"""Hidden checks of a3: statistics with stated significance for what is random, NumPy loops for what is not."""

from __future__ import annotations

from assignments.a3_augmentation.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from solutions.a3_augmentation import solution
from solutions.a3_augmentation.hidden import network, normalisation, pipeline, randomness
from solutions.shared.hidden.plot_curves import PLOT_CURVES_CHECKS

PUBLIC = {exercise.name: exercise for exercise in EXERCISES}

CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["standardize_images"],
            (
                Check("each image by its own mean and deviation", normalisation.values, share=4, core=True),
                Check("an image without any contrast", normalisation.constant),
                Check("leaves the images alone", normalisation.arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fit_normalizer"],
            (Check("statistics of uneven training sets", normalisation.fitted, core=True),),
        ),
        ExerciseChecks(
            PUBLIC["apply_normalizer"],
            (
                Check("images that do not fit the statistics", normalisation.applied, share=3, core=True),
                Check("a channel without any deviation", normalisation.constant_channel),
            ),
        ),
        ExerciseChecks(
            PUBLIC["random_flip"],
            (
                Check("coins that leave no choice", randomness.flip_exact, share=3, core=True),
                Check("how many of 3000 coins fall", randomness.flip_probability, share=2),
                Check("coins of neighbours in the batch", randomness.flip_independence, share=2),
                Check("how many coins fall, and which, in eight calls", randomness.flip_over_calls),
                Check("draws from the generator it was given", randomness.flip_generator),
                Check("an empty batch", randomness.flip_empty),
                Check("leaves the images alone", randomness.flip_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["random_pad_crop"],
            (
                Check("windows of its own padded image, each", randomness.crop_content, share=3, core=True),
                Check("every offset equally often", randomness.crop_offsets, share=2),
                Check("rows, columns and images independently", randomness.crop_independence, share=2),
                Check("which offsets, and how often, in eight calls", randomness.crop_over_calls),
                Check("pad = 0 changes nothing", randomness.crop_exact),
                Check("draws from the generator it was given", randomness.crop_generator),
                Check("leaves the images alone", randomness.crop_arguments),
            ),
        ),
        ExerciseChecks(
            PUBLIC["augment_batch"],
            (
                Check("batches for evaluation", pipeline.evaluation, share=2, part="values", core=True),
                Check("batches for training", pipeline.training, share=2, part="values", core=True),
                Check("the flags", pipeline.flags, part="values"),
                Check("how many of 900 images are mirrored", pipeline.shares, part="values"),
                Check("leaves the images alone", pipeline.arguments, part="values"),
            ),
            trial=pipeline.LEARNS,
            staff=(
                solution.standardize_images,
                solution.random_flip,
                solution.random_pad_crop,
            ),
        ),
        ExerciseChecks(
            PUBLIC["build_penn_net"],
            (
                Check("computes what table 1 says, in use and in training", network.values, share=4, core=True),
                Check("other numbers of classes, one among them", network.classes),
            ),
            seeds=1,
        ),
        PLOT_CURVES_CHECKS,
    ]
}
