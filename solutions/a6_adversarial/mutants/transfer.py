"""Known-wrong implementations: the transfer matrix."""

import numpy as np

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="transfer_matrix", hint="row i: images made against network i; column j: what network j says of them")
def transposed(adv_sets, predictors, labels):
    """Puts predictors into the rows."""
    return solution.transfer_matrix(adv_sets, predictors, labels).T


@mutant(of="transfer_matrix", hint="count the images that are still classified correctly, not those that are fooled")
def fooling_rate(adv_sets, predictors, labels):
    """Returns the fraction of errors."""
    return 1 - solution.transfer_matrix(adv_sets, predictors, labels)


@mutant(of="transfer_matrix", hint="transfer is about the other networks: every set meets every predictor")
def diagonal_only(adv_sets, predictors, labels):
    """Fills the diagonal alone."""
    return solution.transfer_matrix(adv_sets, predictors, labels) * np.eye(len(adv_sets), len(predictors))


@mutant(of="transfer_matrix", hint="a fraction, from 0 to 1")
def percent(adv_sets, predictors, labels):
    """Returns percent."""
    return 100 * solution.transfer_matrix(adv_sets, predictors, labels)


@mutant(
    of="transfer_matrix",
    hint="hand the raw images over: each predictor does its own preprocessing, and only it knows which",
)
def prepares_the_images(adv_sets, predictors, labels):
    """Standardises the images before any predictor sees them."""
    prepared = [(images - images.mean()) / images.std() for images in adv_sets]
    return solution.transfer_matrix(prepared, predictors, labels)


@mutant(of="transfer_matrix", hint="each set has labels of its own: which ones do you compare set i with?")
def first_labels_for_all(adv_sets, predictors, labels):
    """Compares every set with the labels of the first one, as far as they go."""
    if not isinstance(labels, (list, tuple)):
        return solution.transfer_matrix(adv_sets, predictors, labels)
    return solution.transfer_matrix(adv_sets, predictors, labels[0])


@mutant(of="transfer_matrix", hint="how many rows are there when the clean images are a row of their own?")
def square_matrix(adv_sets, predictors, labels):
    """Makes a square matrix, as large as there are predictors."""
    matrix = np.zeros((len(predictors), len(predictors)))
    for i, row in enumerate(solution.transfer_matrix(adv_sets, predictors, labels)):
        matrix[i] = row
    return matrix


@mutant(of="transfer_matrix", hint="as many labels as images? NumPy would compare one label with every image")
def without_a_check(adv_sets, predictors, labels):
    """Does not compare the lengths of labels and images."""
    per_set = isinstance(labels, (list, tuple))
    matrix = np.zeros((len(adv_sets), len(predictors)))
    for i, images in enumerate(adv_sets):
        for j, predict in enumerate(predictors):
            matrix[i, j] = np.mean(np.argmax(predict(images), axis=1) == (labels[i] if per_set else labels))
    return matrix


@mutant(of="transfer_matrix", hint="labels of the wrong number are an error: cutting them to fit hides it")
def cuts_to_the_shorter(adv_sets, predictors, labels):
    """Compares as many images as there are labels."""
    per_set = isinstance(labels, (list, tuple))
    matrix = np.zeros((len(adv_sets), len(predictors)))
    for i, images in enumerate(adv_sets):
        for j, predict in enumerate(predictors):
            pairs = zip(np.argmax(predict(images), axis=1), labels[i] if per_set else labels)
            matrix[i, j] = np.mean([a == b for a, b in pairs])
    return matrix


@mutant(of="transfer_matrix", hint="the adversarial images belong to the caller: leave them as they are")
def scales_in_place(adv_sets, predictors, labels):
    """Scales the caller's images to [0, 1]."""
    for images in adv_sets:
        images /= 255
    return solution.transfer_matrix(adv_sets, predictors, labels)


@mutant(of="transfer_matrix", hint="a fraction of the images: divide the number of hits by how many there are")
def counts(adv_sets, predictors, labels):
    """Returns the number of correctly classified images."""
    sizes = np.array([[len(images)] for images in adv_sets])
    return solution.transfer_matrix(adv_sets, predictors, labels) * sizes


@mutant(of="transfer_matrix", hint="two networks that are wrong in the same way agree: compare with the true labels")
def agreement_with_the_first(adv_sets, predictors, labels):
    """Measures how often a predictor agrees with the first one."""
    said = [np.argmax(predictors[0](images), axis=1) for images in adv_sets]
    return solution.transfer_matrix(adv_sets, predictors, said)


@mutant(of="transfer_matrix", hint="logits have the shape (images, classes): along which axis is the winner?")
def winner_along_the_images(adv_sets, predictors, labels):
    """Takes the argmax over the images."""
    return solution.transfer_matrix(adv_sets, [lambda x, p=p: np.asarray(p(x)).T for p in predictors], labels)


@mutant(of="transfer_matrix", hint="is a list of label arrays one array for all sets, or one for each?")
def labels_as_one_array(adv_sets, predictors, labels):
    """Takes the labels for one array, whatever they are."""
    return solution.transfer_matrix(adv_sets, predictors, np.asarray(labels))
