"""What the fork server of ``workers`` imports, and computes nothing with."""

import gc
import logging

from coursekit.kernel.quiet import no_greetings

with no_greetings():
    import autograder.authoring.doctor.doctor  # noqa: F401 - what every task runs
    import coursekit.models.lending
    import coursekit.models.networks  # imports Keras and TensorFlow: seconds that each task would pay

# Every network of an exercise's cases stays at hand: the next function's is often of the same structure.
coursekit.models.lending.lend_at_most(models=1000, parameters=50_000_000)
logging.getLogger("tensorflow").setLevel(logging.ERROR)  # many small models are traced; no warning about it helps
gc.freeze()  # a million objects of TensorFlow: no task looks through them again for garbage
gc.set_threshold(50_000, 20, 20)  # and a network of thirty layers is no reason to look
