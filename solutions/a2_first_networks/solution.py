"""Reference solutions of a2. The contract of each function is the docstring of its stub in the notebook."""

import keras
import numpy as np
from keras import layers

from solutions.shared.plot_curves import plot_curves as plot_curves


def ema_smooth(values, weight):
    average, smoothed = 0.0, []
    for i, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight**i))  # the weights of i values add up to 1 - weight ** i
    return np.array(smoothed)


def standardize_features(X_train, X_test):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0)
    divisor = np.where(std > 0, std, 1.0)  # a constant column becomes 0 instead of 0 / 0
    return (X_train - mean) / divisor, (X_test - mean) / divisor, mean, std


def mse_loss(y_true, y_pred, dloss=1.0):
    if np.size(y_true) != np.size(y_pred):
        raise ValueError(f"sizes differ: {np.shape(y_true)} and {np.shape(y_pred)}")
    residual = np.ravel(y_pred) - np.ravel(y_true)  # flat, so that nothing can broadcast to (n, n)
    gradient = dloss * 2 / residual.size * residual
    return np.mean(residual**2), gradient.reshape(np.shape(y_pred))


def train_linear_regression(X, y, epochs, learning_rate, batch_size, rng):
    n, d = X.shape
    y = np.ravel(y)
    w, b = np.zeros(d), 0.0
    losses = []
    for _ in range(epochs):
        order = rng.permutation(n)
        batch_losses = []
        for start in range(0, n, batch_size):
            batch = order[start : start + batch_size]
            residual = X[batch] @ w + b - y[batch]
            batch_losses.append(np.mean(residual**2))
            w = w - learning_rate * 2 / len(batch) * (X[batch].T @ residual)
            b = b - learning_rate * 2 / len(batch) * residual.sum()
        losses.append(np.mean(batch_losses))
    return w, b, losses


def build_mlp(input_shape=(28, 28), hidden=100, num_classes=10, dropout=0.0):
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    x = layers.Dense(hidden, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


def build_convnet(input_shape=(28, 28, 1), filters=20, num_classes=10, dropout=0.0):
    x = inputs = keras.Input(input_shape)
    for _ in (1, 2):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(num_classes)(x))


def dropout_forward(x, rate, rng, training=True):
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    survives = rng.random(x.shape) >= rate
    mask = survives.astype(x.dtype) / x.dtype.type(1 - rate)
    return x * mask, mask


def evaluate_batched(predict_logits, X, y, batch_size):
    total_loss, correct = 0.0, 0
    for start in range(0, len(X), batch_size):
        labels = y[start : start + batch_size]
        logits = np.asarray(predict_logits(X[start : start + batch_size]), dtype=np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)  # now no exponential exceeds 1
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        total_loss -= log_p[np.arange(len(labels)), labels].sum()
        correct += (logits.argmax(axis=1) == labels).sum()
    return total_loss / len(X), correct / len(X)
