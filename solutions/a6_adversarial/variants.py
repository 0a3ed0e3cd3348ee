"""Correct but differently written implementations of a6: each must keep full marks."""

import keras
import numpy as np
import tensorflow as tf

from autograder.course.bank import Bank
from solutions.a6_adversarial import solution

BANK = Bank()
variant = BANK.variant


@variant(of="input_gradient")
def with_a_variable(model, x, y):
    """Makes the image a variable and lets Keras sum the losses."""
    image = tf.Variable(np.asarray(x))
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    with tf.GradientTape() as tape:
        loss = loss_of(y, model(image, training=False))
    return np.array(tape.gradient(loss, image))


@variant(of="input_gradient")
def with_a_vector_of_losses(model, x, y):
    """Differentiates the vector of losses, which the tape adds up."""
    x = tf.cast(x, "float32")
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        truth = tf.one_hot(y, model.output_shape[-1])
        losses = tf.nn.softmax_cross_entropy_with_logits(truth, model(x, training=False))
    return tape.gradient(losses, x).numpy()


@variant(of="input_gradient")
def image_by_image(model, x, y):
    """Takes one image after the other and returns a tensor."""
    gradients = []
    for image, label in zip(x, y):
        one = tf.constant(image[None])
        with tf.GradientTape() as tape:
            tape.watch(one)
            logits = model(one)
            loss = tf.reduce_logsumexp(logits[0]) - logits[0, int(label)]
        gradients.append(tape.gradient(loss, one))
    return tf.concat(gradients, axis=0)


@variant(of="input_gradient")
def through_log_softmax(model, x, y):
    """Picks the true class of the log-softmax of keras.ops."""
    x = keras.ops.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logp = keras.ops.log_softmax(model(x, training=False), axis=-1)
        loss = -keras.ops.sum(keras.ops.one_hot(y, logp.shape[-1]) * logp)
    return keras.ops.convert_to_numpy(tape.gradient(loss, x))


@variant(of="fgsm_step")
def with_minimum_and_maximum(x, grad, eps, lo, hi):
    """Clips with minimum and maximum."""
    return np.minimum(np.maximum(x + eps * np.sign(grad), lo), hi).astype(x.dtype)


@variant(of="fgsm_step")
def with_boolean_masks(x, grad, eps, lo, hi):
    """Adds and subtracts through masks on a copy."""
    y = x.copy()
    y[grad > 0] += x.dtype.type(eps)
    y[grad < 0] -= x.dtype.type(eps)
    return np.clip(y, np.asarray(lo, x.dtype), np.asarray(hi, x.dtype))


@variant(of="fgsm_step")
def with_keras_ops(x, grad, eps, lo, hi):
    """Computes in keras.ops and comes back as a NumPy array."""
    step = keras.ops.convert_to_tensor(x) + keras.ops.cast(eps * np.sign(grad), str(x.dtype))
    low, high = (keras.ops.cast(bound, str(x.dtype)) for bound in (lo, hi))
    return np.array(keras.ops.minimum(keras.ops.maximum(step, low), high))


@variant(of="fgsm_step")
def with_selection(x, grad, eps, lo, hi):
    """Selects the direction with np.where."""
    direction = np.where(grad > 0, 1.0, np.where(grad < 0, -1.0, 0.0))
    return np.asarray(np.clip(x.astype("float64") + eps * direction, lo, hi), dtype=x.dtype)


@variant(of="iterated_fgsm")
def with_a_for_loop(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Loops with for and computes the softmax in float64."""

    def look(image):
        z = np.asarray(model(image, training=False), "float64")[0]
        e = np.exp(z - z.max())
        e /= e.sum()
        return int(e.argmax()), float(e.max())

    image, n = np.array(x), 0
    pred, sure = look(image)
    for n in range(max_iter + 1):
        if (pred != y and sure >= confidence) or n == max_iter:
            break
        grad = solution.input_gradient(model, image, [y])
        image = solution.fgsm_step(image, grad, eps, lo, hi)
        pred, sure = look(image)
    success = pred != y and sure >= confidence
    return {"x_adv": image, "pred": pred, "confidence": sure, "steps": n, "success": success}


@variant(of="iterated_fgsm")
def with_its_own_tape(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Has a tape of its own, stays in TensorFlow, and reports NumPy numbers."""
    image, n = tf.convert_to_tensor(x), np.int32(0)
    while True:
        with tf.GradientTape() as tape:
            tape.watch(image)
            z = model(image, training=False)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits([y], z)
        p = tf.nn.softmax(z)[0].numpy()
        k = p.argmax()
        done = bool(k != y) and p[k] >= confidence
        if done or n == max_iter:
            return {"x_adv": image.numpy(), "pred": k, "confidence": p[k], "steps": n, "success": done}
        image = tf.clip_by_value(image + eps * tf.sign(tape.gradient(loss, image)), lo, hi)
        n += 1


@variant(of="iterated_fgsm")
def with_a_while_condition(model, x, y, eps, lo, hi, confidence=0.99, max_iter=100):
    """Tests in the head of the loop."""
    p = tf.nn.softmax(model(x)).numpy()[0]
    result = {"x_adv": x.copy(), "pred": np.argmax(p), "confidence": p.max(), "steps": 0}
    while not (result["pred"] != y and result["confidence"] >= confidence) and result["steps"] < max_iter:
        grad = solution.input_gradient(model, result["x_adv"], np.full(1, y))
        image = solution.fgsm_step(result["x_adv"], grad, eps, lo, hi)
        p = tf.nn.softmax(model(image)).numpy()[0]
        result = {"x_adv": image, "pred": np.argmax(p), "confidence": p.max(), "steps": result["steps"] + 1}
    result["success"] = np.logical_and(result["pred"] != y, result["confidence"] >= confidence)
    return result


@variant(of="targeted_l1")
def with_an_analytic_penalty(model, x, x0, target, lam=0.05):
    """Adds the penalty's gradient by hand."""
    image = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        cross_entropy = loss_of(np.array([target]), model(image, training=False))
    gradient = tape.gradient(cross_entropy, image).numpy()
    d = np.asarray(x) - np.asarray(x0)
    pull = (lam * np.sign(d) / d.size).astype(gradient.dtype)
    return float(cross_entropy) + lam * float(np.abs(d).mean()), gradient + pull


@variant(of="targeted_l1")
def with_keras_ops_and_logsumexp(model, x, x0, target, lam=0.05):
    """Writes the cross-entropy as logsumexp minus a logit."""
    x = keras.ops.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = model(x, training=False)
        distance = keras.ops.mean(keras.ops.abs(x - x0))
        loss = keras.ops.logsumexp(z[0]) - z[0, target] + lam * distance
    return float(loss), np.array(tape.gradient(loss, x))


@variant(of="targeted_l1")
def with_two_tapes_and_tensors(model, x, x0, target, lam=0.05):
    """Differentiates the two terms apart and returns tensors."""
    image = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        cross_entropy = -tf.nn.log_softmax(model(image))[0, target]
        distance = tf.math.reduce_mean(tf.math.abs(image - tf.constant(x0)))
    gradient = tape.gradient(cross_entropy, image) + lam * tape.gradient(distance, image)
    return cross_entropy + lam * distance, gradient


@variant(of="targeted_attack")
def with_a_variable_and_its_own_tape(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Keeps the image in a variable, in a for loop with a tape of its own."""
    image, n, p = tf.Variable(x0), 0, 0.0
    for n in range(max_iter + 1):
        with tf.GradientTape() as tape:
            z = model(image, training=False)
            cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits([target], z)[0]
            loss = cross_entropy + lam * tf.reduce_mean(tf.abs(image - x0))
        p = float(tf.nn.softmax(z)[0, target])
        if p > stop or n == max_iter:
            break
        image.assign(tf.clip_by_value(image - lr * tape.gradient(loss, image), lo, hi))
    return {"x_adv": image.numpy(), "prob": p, "steps": n, "success": p > stop}


@variant(of="targeted_attack")
def with_float32_numbers(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Computes with NumPy's float32 numbers and tests in the head of the loop."""

    def prob(image):
        return float(tf.nn.softmax(model(image, training=False))[0, target])

    x, k = np.array(x0), 0
    p = prob(x)
    while not p > stop and k < max_iter:
        _, grad = solution.targeted_l1(model, x, x0, target, lam)
        x = np.minimum(np.maximum(x - np.float32(lr) * grad, np.float32(lo)), np.float32(hi))
        k += 1
        p = prob(x)
    return {"x_adv": x, "prob": p, "steps": k, "success": bool(p > stop)}


@variant(of="targeted_attack")
def with_an_optimizer(model, x0, target, lam=0.05, lr=0.001, stop=0.95, max_iter=10000, lo=0.0, hi=1.0):
    """Lets Keras's SGD move a variable, and reports NumPy numbers."""
    image, steps = keras.Variable(x0), np.int64(0)
    optimizer = keras.optimizers.SGD(learning_rate=lr)
    while True:
        p = keras.ops.convert_to_numpy(keras.ops.softmax(model(image.value, training=False)))[0, target]
        if p > stop or steps == max_iter:
            x_adv = keras.ops.convert_to_numpy(image.value)
            return {"x_adv": x_adv, "prob": p, "steps": steps, "success": p > stop}
        _, grad = solution.targeted_l1(model, keras.ops.convert_to_numpy(image.value), x0, target, lam=lam)
        optimizer.apply([tf.constant(grad)], [image])
        image.assign(keras.ops.clip(image.value, lo, hi))
        steps += 1


@variant(of="transfer_matrix")
def with_a_comprehension(adv_sets, predictors, labels):
    """Writes nested comprehensions."""
    own = list(labels) if isinstance(labels, (list, tuple)) else [labels] * len(adv_sets)
    if any(len(images) != len(y) for images, y in zip(adv_sets, own)):
        raise ValueError("each set needs as many labels as images")
    return np.array(
        [
            [float((np.asarray(predict(images)).argmax(-1) == np.asarray(y)).mean()) for predict in predictors]
            for images, y in zip(adv_sets, own)
        ]
    )


@variant(of="transfer_matrix")
def with_tensorflow(adv_sets, predictors, labels):
    """Counts hits with TensorFlow's argmax."""
    matrix = np.empty((len(adv_sets), len(predictors)))
    for i, images in enumerate(adv_sets):
        y = labels[i] if isinstance(labels, (list, tuple)) else labels
        if len(y) != len(images):
            raise ValueError("labels and images differ in length")
        for j, predict in enumerate(predictors):
            hits = np.equal(tf.argmax(predict(images), axis=1).numpy(), y)
            matrix[i, j] = hits.sum() / hits.size
    return matrix


@variant(of="transfer_matrix")
def image_by_image_in_float32(adv_sets, predictors, labels):
    """Asks for one image at a time, counts in Python and returns float32."""
    matrix = np.zeros((len(adv_sets), len(predictors)), np.float32)
    for i, images in enumerate(adv_sets):
        y = labels if isinstance(labels, np.ndarray) else labels[i]
        if len(y) != len(images):
            raise ValueError(f"{len(images)} images, {len(y)} labels")
        for j, predict in enumerate(predictors):
            for image, truth in zip(images, y):
                matrix[i, j] += (int(np.argmax(predict(image[None])[0])) == truth) / len(y)
    return matrix
