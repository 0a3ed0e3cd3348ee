"""Reference solutions of a6. The contract of each function is the docstring of its stub in the notebook."""

import keras
import numpy as np
import tensorflow as tf

from solutions.shared.plot_curves import plot_curves as plot_curves


def input_gradient(model, x, y):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)  # the image is no variable: without this nothing is recorded
        logits = model(x, training=False)
        # From logits: for a confidently wrong image log(p) would be log(0).
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        loss = tf.reduce_sum(losses)  # the sum: image i's gradient does not depend on how many others there are
    return tape.gradient(loss, x).numpy()


def fgsm_step(x, grad, eps, lo, hi):
    step = x + eps * np.sign(grad)
    return np.clip(step, lo, hi).astype(x.dtype)


def iterated_fgsm(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    x_adv = x.copy()
    steps = 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x_adv, training=False)))[0]
        pred = int(p.argmax())
        success = bool(pred != y and p[pred] >= confidence)
        if success or steps >= max_iter:
            break
        grad = input_gradient(model, x_adv, np.array([y]))
        x_adv = fgsm_step(x_adv, grad, eps, lo, hi)
        steps += 1
    return {"x_adv": x_adv, "pred": pred, "confidence": float(p[pred]), "steps": steps, "success": success}


def targeted_l1(model, x, x0, target, lam=0.05):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = model(x, training=False)
        cross_entropy = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits([target], logits))
        distance = tf.reduce_mean(tf.abs(x - x0))  # the gradient of abs at 0 is 0
        loss = cross_entropy + lam * distance
    return float(loss), tape.gradient(loss, x).numpy()


def targeted_attack(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    x = x0.copy()
    steps = 0
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(x, training=False)))[0]
        success = bool(p[target] > stop)
        if success or steps >= max_iter:
            break
        _, grad = targeted_l1(model, x, x0, target, lam)
        x = np.clip(x - lr * grad, lo, hi).astype(x0.dtype)
        steps += 1
    return {"x_adv": x, "prob": float(p[target]), "steps": steps, "success": success}


def transfer_matrix(adv_sets, predictors, labels):
    per_set = isinstance(labels, (list, tuple))
    matrix = np.zeros((len(adv_sets), len(predictors)))
    for i, images in enumerate(adv_sets):
        y = np.asarray(labels[i] if per_set else labels)
        if len(y) != len(images):
            raise ValueError(f"set {i} has {len(images)} images and {len(y)} labels")
        for j, predict in enumerate(predictors):
            matrix[i, j] = np.mean(np.argmax(predict(images), axis=1) == y)
    return matrix
