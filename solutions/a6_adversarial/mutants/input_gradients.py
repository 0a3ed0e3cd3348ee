"""Known-wrong implementations: the gradient of the loss with respect to the image."""

import keras
import numpy as np
import tensorflow as tf

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="input_gradient", hint="a mean over the batch divides by n: should an image's gradient feel others?")
def batch_mean(model, x, y):
    """Differentiates the mean over the batch."""
    return solution.input_gradient(model, x, y) / x.dtype.type(len(x))


@mutant(of="input_gradient", hint="the image changes, not the network: what is differentiated by what?")
def gradient_of_the_weights(model, x, y):
    """Differentiates with respect to the first weights instead of the image."""
    with tf.GradientTape() as tape:
        logits = model(x, training=False)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    return np.asarray(tape.gradient(loss, model.trainable_variables[0].value))


@mutant(of="input_gradient", hint="attack the network as it is deployed: which mode is it in here?")
def training_mode(model, x, y):
    """Calls the network in training mode, with batch statistics and dropout."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=True)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="this is the slope of a logit; asked for is that of the cross-entropy")
def gradient_of_the_true_logit(model, x, y):
    """Differentiates the logit of the true class."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.gather(model(x, training=False), y, axis=1, batch_dims=1))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="the loss is -log p(y): going up its gradient makes p(y) smaller")
def gradient_of_the_log_probability(model, x, y):
    """Differentiates log p(y), so that the sign is the other one."""
    return -solution.input_gradient(model, x, y)


@mutant(of="input_gradient", hint="the network returns logits: how often is softmax taken on the way?")
def double_softmax(model, x, y):
    """Takes the softmax before a loss that takes it again."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        probabilities = tf.nn.softmax(model(x, training=False))
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, probabilities))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="y is the truth, also where the network says something else")
def predicted_class(model, x, y):
    """Uses the predicted class instead of y."""
    predicted = np.argmax(keras.ops.convert_to_numpy(model(x, training=False)), axis=1)
    return solution.input_gradient(model, x, predicted)


@mutant(of="input_gradient", hint="the tape returned None: it follows variables, and what it is told to watch")
def forgets_to_watch(model, x, y):
    """Does not watch the image, which is a constant for the tape."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        logits = model(x, training=False)
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="where p(y) rounds to 0, a small constant in the logarithm kills the slope")
def log_of_a_padded_probability(model, x, y):
    """Takes -log(p + 1e-12) of the softmax, which is flat for confidently wrong images."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.gather(tf.nn.softmax(model(x, training=False)), y, axis=1, batch_dims=1)
        loss = -tf.reduce_sum(tf.math.log(p + 1e-12))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="softmax first, logarithm afterwards: try logits 0 and 200, where p is 0")
def log_of_the_probability(model, x, y):
    """Takes -log of the softmax, which is infinite for confidently wrong images."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.gather(tf.nn.softmax(model(x, training=False)), y, axis=1, batch_dims=1)
        loss = -tf.reduce_sum(tf.math.log(p))
    return tape.gradient(loss, x).numpy()


@mutant(of="input_gradient", hint="each image has a label of its own")
def first_label_for_all(model, x, y):
    """Uses the label of the first image for the whole batch."""
    return solution.input_gradient(model, x, np.full(len(x), y[0]))


@mutant(of="input_gradient", hint="return the gradient itself: taking its sign is the attack's business")
def sign_of_the_gradient(model, x, y):
    """Returns the sign of the gradient."""
    return np.sign(solution.input_gradient(model, x, y))


@mutant(of="input_gradient", hint="return the gradient itself, with its size: why divide by its length?")
def unit_gradient(model, x, y):
    """Normalises each image's gradient to length 1."""
    gradient = solution.input_gradient(model, x, y)
    return gradient / np.sqrt((gradient**2).sum(axis=(1, 2, 3), keepdims=True))


@mutant(of="input_gradient", hint="these are probabilities only if the network ends in softmax; ours does not")
def logits_taken_for_probabilities(model, x, y):
    """Hands logits to a loss that expects probabilities."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(keras.losses.sparse_categorical_crossentropy(y, model(x, training=False)))
    return np.asarray(tape.gradient(loss, x))


@mutant(of="input_gradient", hint="the network belongs to the caller: leave its `trainable` switch as it is")
def freezes_the_network(model, x, y):
    """Switches the network's weights off and leaves them so."""
    model.trainable = False
    return solution.input_gradient(model, x, y)


@mutant(of="input_gradient", hint="the result has the shape of x, one gradient for each image of the batch")
def summed_over_the_batch(model, x, y):
    """Adds up the gradients of all images."""
    return solution.input_gradient(model, x, y).sum(axis=0)


@mutant(of="input_gradient", hint="which way a pixel changes the loss is half of the answer: keep the signs")
def saliency(model, x, y):
    """Returns the size of the gradient, as saliency maps show it."""
    return np.abs(solution.input_gradient(model, x, y))
