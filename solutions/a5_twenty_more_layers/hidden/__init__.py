"""Hidden checks of a5: twenty more layers.

Blocks and networks are judged by what they compute: weights are set by us, images go through, and NumPy knows what must
come out. Convolutions side by side in a fractal have no order, so they all get the same kernel.
"""

from __future__ import annotations

from assignments.a5_twenty_more_layers.checks import EXERCISES
from autograder.course.checks import Check, ExerciseChecks
from coursekit.checking import Exercise
from solutions.a5_twenty_more_layers import solution
from solutions.a5_twenty_more_layers.hidden import blocks, deep, learning
from solutions.shared.hidden.plot_curves import PLOT_CURVES_CHECKS

PUBLIC: dict[str, Exercise] = {exercise.name: exercise for exercise in EXERCISES}

CHECKS: dict[str, ExerciseChecks] = {
    spec.exercise.name: spec
    for spec in [
        ExerciseChecks(
            PUBLIC["residual_block"],
            (
                Check("the block's formula", blocks.residual_values, share=4, core=True),
                Check("every kernel size, 5 by default", blocks.residual_sizes),
                Check("weights that can be trained, biases among them", blocks.residual_trainable),
                Check("the same in training: nothing is normalised or dropped", blocks.residual_training),
                Check("initial weights on He's scale", blocks.residual_initial, share=2),
            ),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["fractal_stats"],
            (
                Check("one to five columns", blocks.stats_values, share=4, core=True),
                Check("counts are integers", blocks.stats_whole),
                Check("no columns and negative numbers", blocks.stats_refused, share=2),
            ),
        ),
        ExerciseChecks(
            PUBLIC["fractal_block"],
            (
                Check("three columns and their joins", blocks.fractal_values, share=4, core=True),
                Check("one, two and four columns", blocks.fractal_columns, share=2),
                Check("every kernel size, 5 by default", blocks.fractal_sizes),
                Check("weights that can be trained, biases among them", blocks.fractal_trainable),
                Check("the same in training: nothing is normalised or dropped", blocks.fractal_training),
                Check("initial weights on He's scale", blocks.fractal_initial, share=2),
            ),
            seeds=1,
        ),
        ExerciseChecks(
            PUBLIC["build_deep"],
            (
                Check("plain: twenty more convolutions", deep.plain, share=2, part="structure"),
                Check("residual: ten blocks", deep.residual, share=2, part="structure"),
                Check("fractal: five blocks", deep.fractals, share=2, part="structure"),
                Check("other depths and numbers of classes", deep.sizes, part="structure"),
                Check("an unknown kind is refused", deep.unknown, part="structure"),
                Check("initial weights on He's scale", deep.initial, part="structure"),
            ),
            trial=learning.LEARNS,
            staff=(solution.residual_block, solution.fractal_block),
            seeds=1,
        ),
        PLOT_CURVES_CHECKS,
    ]
}
