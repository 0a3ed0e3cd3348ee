"""Correct but differently written implementations of a2: each must keep full marks."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from autograder.course.bank import Bank
from solutions.a2_first_networks import solution

BANK = Bank()
variant = BANK.variant


@variant(of="standardize_features")
def with_a_small_guard(X_train, X_test):
    """Adds a tiny number to the standard deviation."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / (std + 1e-10), (X_test - mean) / (std + 1e-10), mean, std


@variant(of="standardize_features")
def with_the_largest_guard(X_train, X_test):
    """Adds as much to the standard deviation as the contract allows."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / (std + 1e-8), (X_test - mean) / (std + 1e-8), mean, std


@variant(of="standardize_features")
def by_sums_of_squares(X_train, X_test):
    """Computes the statistics from sums, in float64."""
    X = np.asarray(X_train, "float64")
    mean = X.sum(0) / len(X)
    std = np.sqrt(((X - mean) ** 2).sum(0) / len(X))
    divisor = std.copy()
    divisor[divisor == 0] = 1
    return (X - mean) / divisor, (np.asarray(X_test) - mean) / divisor, mean, std


@variant(of="standardize_features")
def returns_the_divisor(X_train, X_test):
    """Returns 1 as the deviation of a constant column."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    divisor = np.where(std > 0, std, 1.0)
    return (X_train - mean) / divisor, (X_test - mean) / divisor, mean, divisor


@variant(of="standardize_features")
def zeroes_constant_columns(X_train, X_test):
    """Divides where it can and leaves zeros elsewhere."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    results = []
    for X in (X_train, X_test):
        centred = X - mean
        results.append(np.divide(centred, std, out=np.zeros_like(centred), where=std > 0))
    return [*results, mean, std]


@variant(of="standardize_features")
def at_least_a_tiny_deviation(X_train, X_test):
    """Guards with np.maximum."""
    mean, std = np.mean(X_train, 0), np.std(X_train, 0)
    return (X_train - mean) / np.maximum(std, 1e-8), (X_test - mean) / np.maximum(std, 1e-8), mean, std


@variant(of="mse_loss")
def reshapes_y_true(y_true, y_pred, dloss=1.0):
    """Gives y_true the shape of y_pred; NumPy raises the ValueError."""
    y_pred = np.asarray(y_pred)
    difference = y_pred - np.asarray(y_true).reshape(y_pred.shape)
    return np.dot(difference.ravel(), difference.ravel()) / difference.size, (2 * dloss / difference.size) * difference


@variant(of="mse_loss")
def squeezes(y_true, y_pred, dloss=1.0):
    """Squeezes both and compares the shapes."""
    truth, prediction = np.squeeze(y_true), np.squeeze(y_pred)
    if truth.shape != prediction.shape:
        raise ValueError("shapes")
    gradient = dloss * 2 * (prediction - truth) / prediction.size
    return np.square(prediction - truth).mean(), gradient.reshape(np.shape(y_pred))


@variant(of="mse_loss")
def with_a_tape(y_true, y_pred, dloss=1.0):
    """Lets TensorFlow differentiate."""
    if np.size(y_true) != np.size(y_pred):
        raise ValueError("sizes")
    prediction = tf.constant(y_pred, tf.float64)
    truth = tf.reshape(tf.constant(y_true, tf.float64), tf.shape(prediction))
    with tf.GradientTape() as tape:
        tape.watch(prediction)
        loss = tf.reduce_mean((prediction - truth) ** 2)
    return loss, dloss * tape.gradient(loss, prediction)


@variant(of="train_linear_regression")
def shuffles_indices(X, y, epochs, learning_rate, batch_size, rng):
    """Shuffles an array of indices with rng.shuffle."""
    n, w, b, losses = len(X), np.zeros(X.shape[1]), 0.0, []
    y = np.ravel(y)
    for _ in range(epochs):
        order, batch_losses = np.arange(n), []
        rng.shuffle(order)
        for start in range(0, n, batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


@variant(of="train_linear_regression")
def with_a_column_of_ones(X, y, epochs, learning_rate, batch_size, rng):
    """Treats the bias as the weight of a column of ones; weighs the losses by the batches' sizes."""
    A = np.c_[X, np.ones(len(X))]
    theta, y, losses = np.zeros(A.shape[1]), np.asarray(y).reshape(-1), []
    for _ in range(epochs):
        order, total = rng.permutation(len(A)), 0.0
        for batch in np.array_split(order, range(batch_size, len(order), batch_size)):
            residual = A[batch] @ theta - y[batch]
            total += residual @ residual
            theta = theta - learning_rate * (2 * A[batch].T @ residual / len(batch))
        losses.append(total / len(A))
    return theta[:-1], theta[-1], np.array(losses)


@variant(of="train_linear_regression")
def with_a_tape_and_columns(X, y, epochs, learning_rate, batch_size, rng):
    """Lets TensorFlow differentiate; returns w as (d, 1) and b as (1,)."""
    W = tf.Variable(tf.zeros((X.shape[1], 1), tf.float64))
    b = tf.Variable(tf.zeros((1,), tf.float64))
    Y, losses = np.reshape(y, (-1, 1)), []
    for _ in range(epochs):
        order, batch_losses = rng.permutation(len(X)), []
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((X[batch] @ W + b - Y[batch]) ** 2)
            steps = tape.gradient(loss, [W, b])
            W.assign_sub(learning_rate * steps[0])
            b.assign_sub(learning_rate * steps[1])
            batch_losses.append(float(loss))
        losses.append(float(np.mean(batch_losses)))
    return W.numpy(), b.numpy(), losses


@variant(of="train_linear_regression")
def with_the_loss_above(X, y, epochs, learning_rate, batch_size, rng):
    """Calls mse_loss, and sorts random keys for the order."""
    w, b, losses = np.zeros((X.shape[1], 1)), np.zeros(1), []
    for _ in range(epochs):
        keys, batch_losses = rng.random(len(X)).argsort(), []
        while len(keys):
            batch, keys = keys[:batch_size], keys[batch_size:]
            loss, gradient = solution.mse_loss(y[batch], X[batch] @ w + b)
            batch_losses.append(loss)
            w, b = w - learning_rate * X[batch].T @ gradient, b - learning_rate * gradient.sum(axis=0)
        losses.append(float(np.mean(batch_losses)))
    return w, b, losses


@variant(of="build_mlp")
def sequential_mlp(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Writes a Sequential model; a dropout of rate 0 drops nothing."""
    parts = [keras.Input(input_shape), layers.Reshape((-1,)), layers.Dense(hidden), layers.ReLU()]
    return keras.Sequential([*parts, layers.Dropout(dropout), layers.Dense(num_classes)])


@variant(of="build_mlp")
def seeds_everything(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Seeds all generators first, NumPy's global one among them, to get the same network again."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input(input_shape)
    h = layers.Dense(hidden, activation="relu")(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Dropout(dropout)(h)))


@variant(of="build_mlp")
def named_layers(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Names the layers and initialises in its own way."""
    inputs = keras.Input(input_shape, name="images")
    h = layers.Flatten(name="flat")(inputs)
    h = layers.Activation("relu")(layers.Dense(hidden, kernel_initializer="he_normal", name="fc1")(h))
    if dropout > 0:
        h = layers.Dropout(dropout)(h)
    return keras.Model(inputs, layers.Dense(num_classes, activation="linear", name="logits")(h), name="mlp")


@variant(of="build_mlp")
def subclassed_mlp(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Writes a subclass of keras.Model and calls it once."""

    class Perceptron(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten = layers.Flatten()
            self.first = layers.Dense(hidden, activation="relu")
            self.drop = layers.Dropout(dropout)
            self.last = layers.Dense(num_classes)

        def call(self, images, training=None):
            h = self.first(self.flatten(images))
            return self.last(self.drop(h, training=training))

    model = Perceptron()
    model(np.zeros((1, *input_shape), "float32"))
    return model


@variant(of="build_mlp")
def drops_before_the_relu(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    """Drops before the ReLU, with which dropout commutes; uses keras.ops."""
    inputs = keras.Input(input_shape)
    h = layers.Dense(hidden)(keras.ops.reshape(inputs, (-1, int(np.prod(input_shape)))))
    h = keras.ops.relu(layers.Dropout(dropout)(h))
    return keras.Model(inputs, layers.Dense(num_classes)(h))


@variant(of="build_convnet")
def sequential_convnet(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Writes a Sequential model with separate ReLU layers."""
    parts = [keras.Input(input_shape)]
    for block in (1, 2):
        parts += [layers.Conv2D(filters, (3, 3), padding="SAME", name=f"c{block}"), layers.ReLU()]
        parts += [layers.MaxPooling2D((2, 2), strides=(2, 2)), layers.Dropout(dropout)]
    return keras.Sequential([*parts, layers.Flatten(), layers.Dense(num_classes, name="logits")])


@variant(of="build_convnet")
def he_uniform(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Initialises in its own way and writes every argument out."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, strides=1, padding="same", activation="relu", kernel_initializer="he_uniform")(x)
        x = layers.MaxPooling2D(2)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Flatten()(x)))


@variant(of="build_convnet")
def relu_after_pooling(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    """Applies ReLU after the pooling, with which it commutes; reshapes with keras.ops."""
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = keras.ops.relu(keras.ops.max_pool(x, 2, strides=2))
        x = layers.Dropout(dropout)(x)
    x = keras.ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))
    return keras.Model(inputs, layers.Dense(num_classes)(x))


@variant(of="dropout_forward")
def with_binomial(x, rate, rng, training=True):
    """Draws from a binomial distribution."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = rng.binomial(1, 1 - rate, size=x.shape).astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask


@variant(of="dropout_forward")
def with_uniform_and_where(x, rate, rng, training=True):
    """Selects between the two values of the mask."""
    keep = 1.0 - rate
    mask = np.ones(x.shape, x.dtype)
    if training:
        mask = np.where(rng.uniform(size=x.shape) < keep, 1 / keep, 0.0).astype(x.dtype)
    return (x * mask).astype(x.dtype), mask


@variant(of="dropout_forward")
def x_itself_at_test_time(x, rate, rng, training=True):
    """Returns x itself when there is nothing to do, and draws with rng.choice."""
    if rate == 0 or not training:
        return x, np.ones(x.shape, dtype=x.dtype)
    mask = rng.choice(np.array([0, 1 / (1 - rate)], dtype=x.dtype), size=x.shape, p=[rate, 1 - rate])
    return np.multiply(x, mask), mask


@variant(of="evaluate_batched")
def with_tensorflow(predict_logits, X, y, batch_size):
    """Sums TensorFlow's cross-entropy."""
    loss = correct = n = 0
    for start in range(0, len(X), batch_size):
        labels = y[start : start + batch_size]
        logits = tf.cast(predict_logits(X[start : start + batch_size]), tf.float64)
        loss += float(tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)))
        correct += int(np.sum(np.argmax(logits, 1) == labels))
        n += len(labels)
    return loss / n, correct / n


@variant(of="evaluate_batched")
def collects_first(predict_logits, X, y, batch_size):
    """Collects all logits, then measures once."""
    starts = range(0, len(X), batch_size)
    logits = np.concatenate([np.asarray(predict_logits(X[i : i + batch_size])) for i in starts]).astype(float)
    largest = logits.max(1)
    normaliser = largest + np.log(np.exp(logits - largest[:, None]).sum(1))
    losses = normaliser - np.take_along_axis(logits, y[:, None], 1)[:, 0]
    return float(np.mean(losses)), float(np.mean(logits.argmax(1) == y))


@variant(of="evaluate_batched")
def from_the_back(predict_logits, X, y, batch_size):
    """Takes the samples from the back, in batches of at most batch_size; returns NumPy scalars."""
    losses, right = [], []
    for stop in range(len(X), 0, -batch_size):
        start = max(0, stop - batch_size)
        logits = keras.ops.convert_to_tensor(predict_logits(X[start:stop]), dtype="float32")
        log_p = np.asarray(keras.ops.log_softmax(logits, axis=-1))
        losses += [-row[label] for row, label in zip(log_p, y[start:stop])]
        right += list(np.asarray(logits).argmax(-1) == y[start:stop])
    return np.mean(losses, dtype="float64"), np.mean(right)


@variant(of="ema_smooth")
def with_explicit_weights(values, weight):
    """Weighs all values so far, one place after the other."""
    values = np.asarray(values, float)
    smoothed = np.empty(len(values))
    for i in range(len(values)):
        weights = weight ** np.arange(i, -1, -1.0)
        smoothed[i] = weights @ values[: i + 1] / weights.sum()
    return smoothed


@variant(of="ema_smooth")
def numerator_and_denominator(values, weight):
    """Keeps a running numerator and denominator; returns a list."""
    above = below = 0.0
    smoothed = []
    for value in values:
        above, below = weight * above + value, weight * below + 1
        smoothed.append(above / below)
    return smoothed
