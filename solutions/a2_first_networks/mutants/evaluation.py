"""Known-wrong implementations: smoothing a curve, and evaluating in batches."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
mutant = BANK.mutant

# ---------------------------------------------------------------------------------------------------------- ema_smooth


@mutant(of="ema_smooth", hint="your curve begins too low: divide by the sum of the weights so far, 1 - w ** i")
def never_corrects(values, weight):
    """Leaves the average that starts at 0 as it is."""
    return np.array([s * (1 - weight ** (i + 1)) for i, s in enumerate(solution.ema_smooth(values, weight))])


@mutant(of="ema_smooth", hint="weight 0.9 means that 90 % of the OLD average stay")
def weight_on_the_new_value(values, weight):
    """Gives the weight to the new value."""
    average, smoothed = 0.0, []
    for i, value in enumerate(values, 1):
        average = (1 - weight) * average + weight * value
        smoothed.append(average / (1 - weight**i))
    return np.array(smoothed)


@mutant(of="ema_smooth", hint="after the first value the weights add up to 1 - w: is your exponent one behind?")
def exponent_one_behind(values, weight):
    """Corrects with an exponent that is one too small."""
    average, smoothed = 0.0, []
    for i, value in enumerate(values):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight ** max(i, 1)))
    return np.array(smoothed)


@mutant(of="ema_smooth", hint="your average looks into the future: use the values up to the place alone")
def centred_average(values, weight):
    """Averages over a window around each place."""
    width = max(1, int(1 / (1 - weight)))
    return np.convolve(values, np.ones(width) / width, mode="same")


@mutant(of="ema_smooth", hint="begin the average at 0: an average that begins at a value needs no correction")
def begins_at_the_first_value(values, weight):
    """Begins at the first value and corrects all the same."""
    average, smoothed = float(values[0]), []
    for i, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight**i))
    return np.array(smoothed)


@mutant(of="ema_smooth", hint="the smoothed curve has as many points as the measured one")
def drops_the_first_value(values, weight):
    """Returns one value too few."""
    return solution.ema_smooth(values, weight)[1:]


@mutant(of="ema_smooth", hint="integers in, but averages have digits behind the point: use floats")
def stays_integer(values, weight):
    """Writes the averages into an array with the dtype of the values."""
    return solution.ema_smooth(values, weight).astype(np.asarray(values).dtype).astype(float)


@mutant(of="ema_smooth", hint="the values belong to the caller: write the averages into a new array")
def overwrites_the_values(values, weight):
    """Writes the averages into its argument."""
    smoothed = solution.ema_smooth(values, weight)
    for i, average in enumerate(smoothed):
        values[i] = average
    return smoothed


@mutant(of="ema_smooth", hint="a list has no shape and no arithmetic: np.asarray first")
def takes_arrays_only(values, weight):
    """Fails on a list."""
    return solution.ema_smooth(values.astype(float), weight)


@mutant(of="ema_smooth", hint="an average that begins at the first value favours it for a long time: begin at 0")
def uncorrected_from_the_first_value(values, weight):
    """Begins at the first value and corrects nothing."""
    average, smoothed = values[0], []
    for value in values:
        average = weight * average + (1 - weight) * value
        smoothed.append(average)
    return np.array(smoothed, dtype=float)


# ---------------------------------------------------------------------------------------------------- evaluate_batched


@mutant(
    of="evaluate_batched",
    hint="you see the first few images again and again: batch i begins at i * batch_size, not at i",
)
def batch_i_begins_at_i(predict_logits, X, y, batch_size):
    """Takes X[i:i + batch_size] as batch number i."""
    loss, correct = 0.0, 0.0
    for start in range(-(-len(X) // batch_size)):
        labels = y[start : start + batch_size]
        part = solution.evaluate_batched(predict_logits, X[start : start + batch_size], labels, batch_size)
        loss, correct = loss + part[0] * len(labels), correct + part[1] * len(labels)
    return loss / len(X), correct / len(X)


@mutant(of="evaluate_batched", hint="count what you saw: the last, smaller batch is missing")
def drops_the_last_batch(predict_logits, X, y, batch_size):
    """Drops the last, smaller batch but divides by all samples."""
    seen = len(X) // batch_size * batch_size or len(X)
    loss, accuracy = solution.evaluate_batched(predict_logits, X[:seen], y[:seen], batch_size)
    return loss * seen / len(X), accuracy * seen / len(X)


@mutant(of="evaluate_batched", hint="your last batch is smaller but counts as much as the others: weigh by size")
def mean_of_batch_means(predict_logits, X, y, batch_size):
    """Averages the batches' means without weights."""
    parts = []
    for start in range(0, len(X), batch_size):
        stop = start + batch_size
        parts.append(solution.evaluate_batched(predict_logits, X[start:stop], y[start:stop], batch_size))
    return np.mean([p[0] for p in parts]), np.mean([p[1] for p in parts])


@mutant(of="evaluate_batched", hint="exp of a large logit is inf: subtract each row's largest logit first")
def unstable_softmax(predict_logits, X, y, batch_size):
    """Takes exponentials of the logits as they are."""
    loss, correct = 0.0, 0
    for start in range(0, len(X), batch_size):
        labels = y[start : start + batch_size]
        logits = np.asarray(predict_logits(X[start : start + batch_size]), dtype="float64")
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss -= log_p[np.arange(len(labels)), labels].sum()
        correct += (logits.argmax(axis=1) == labels).sum()
    return loss / len(X), correct / len(X)


@mutant(of="evaluate_batched", hint="the loss is the cross-entropy; you return the error rate, 1 - accuracy")
def error_rate_as_loss(predict_logits, X, y, batch_size):
    """Returns 1 - accuracy as the loss."""
    accuracy = solution.evaluate_batched(predict_logits, X, y, batch_size)[1]
    return 1 - accuracy, accuracy


@mutant(of="evaluate_batched", hint="logits are no probabilities: apply log-softmax before you pick the class")
def logarithm_of_the_logits(predict_logits, X, y, batch_size):
    """Takes the logarithm of the logits themselves."""
    loss, correct = 0.0, 0
    for start in range(0, len(X), batch_size):
        labels = y[start : start + batch_size]
        logits = np.asarray(predict_logits(X[start : start + batch_size]), dtype="float64")
        shifted = logits - logits.max(axis=1, keepdims=True)
        loss -= np.log(np.abs(shifted) + 1e-12)[np.arange(len(labels)), labels].sum()
        correct += (logits.argmax(axis=1) == labels).sum()
    return loss / len(X), correct / len(X)


@mutant(of="evaluate_batched", hint="the predicted class has the largest logit; you take the smallest")
def takes_the_smallest_logit(predict_logits, X, y, batch_size):
    """Predicts the class of the smallest logit."""
    loss, correct = solution.evaluate_batched(predict_logits, X, y, batch_size)[0], 0
    for start in range(0, len(X), batch_size):
        logits = np.asarray(predict_logits(X[start : start + batch_size]))
        correct += (logits.argmin(axis=1) == y[start : start + batch_size]).sum()
    return loss, correct / len(X)


@mutant(of="evaluate_batched", hint="the accuracy is a fraction between 0 and 1, not a percentage")
def accuracy_in_percent(predict_logits, X, y, batch_size):
    """Returns the accuracy in percent."""
    loss, accuracy = solution.evaluate_batched(predict_logits, X, y, batch_size)
    return loss, 100 * accuracy


@mutant(of="evaluate_batched", hint="batch_size is what fits into memory: never give the model more at once")
def everything_at_once(predict_logits, X, y, batch_size):
    """Predicts the whole set in one call."""
    return solution.evaluate_batched(predict_logits, X, y, len(X))


@mutant(of="evaluate_batched", hint="a wrong, very sure prediction costs its full margin: do not clip the logits")
def clips_the_logits(predict_logits, X, y, batch_size):
    """Clips the logits so that the exponential does not overflow."""

    def clipped(images):
        return np.clip(predict_logits(images), -500, 500)

    return solution.evaluate_batched(clipped, X, y, batch_size)


@mutant(of="evaluate_batched", hint="log(p + 1e-12) can never exceed 27.6: take the log-softmax directly")
def guarded_logarithm(predict_logits, X, y, batch_size):
    """Takes the logarithm of the probability plus a small number."""
    loss, correct = 0.0, 0
    for start in range(0, len(X), batch_size):
        labels = y[start : start + batch_size]
        logits = np.asarray(predict_logits(X[start : start + batch_size]), dtype="float64")
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        loss -= np.log(p[np.arange(len(labels)), labels] + 1e-12).sum()
        correct += (logits.argmax(axis=1) == labels).sum()
    return loss / len(X), correct / len(X)


@mutant(of="evaluate_batched", hint="return the mean over the samples; you return the sum of their losses")
def sum_of_losses(predict_logits, X, y, batch_size):
    """Returns the summed loss."""
    loss, accuracy = solution.evaluate_batched(predict_logits, X, y, batch_size)
    return loss * len(X), accuracy


@mutant(of="evaluate_batched", hint="divide by the number of samples you saw; the last batch is not full")
def divides_by_full_batches(predict_logits, X, y, batch_size):
    """Divides by the number of batches times their size."""
    loss, accuracy = solution.evaluate_batched(predict_logits, X, y, batch_size)
    full = -(-len(X) // batch_size) * batch_size
    return loss * len(X) / full, accuracy * len(X) / full


@mutant(of="evaluate_batched", hint="the model gives logits: apply softmax to them once, not twice")
def softmax_twice(predict_logits, X, y, batch_size):
    """Applies softmax to the logits and treats the result as logits."""

    def probabilities(images):
        logits = np.asarray(predict_logits(images), dtype="float64")
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    return solution.evaluate_batched(probabilities, X, y, batch_size)


@mutant(of="evaluate_batched", hint="both numbers count all batches; yours are those of the last one")
def only_the_last_batch(predict_logits, X, y, batch_size):
    """Overwrites the numbers in every batch."""
    loss = accuracy = 0.0
    for start in range(0, len(X), batch_size):
        stop = start + batch_size
        loss, accuracy = solution.evaluate_batched(predict_logits, X[start:stop], y[start:stop], batch_size)
    return loss, accuracy


@mutant(of="evaluate_batched", hint="the loss belongs to the true class y, not to the class that was predicted")
def loss_of_the_prediction(predict_logits, X, y, batch_size):
    """Takes the loss of the predicted class."""
    loss, accuracy = 0.0, solution.evaluate_batched(predict_logits, X, y, batch_size)[1]
    for start in range(0, len(X), batch_size):
        logits = np.asarray(predict_logits(X[start : start + batch_size]), dtype="float64")
        loss += np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)).sum()
    return loss / len(X), accuracy
