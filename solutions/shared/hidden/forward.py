"""Layers in plain NumPy, float64 and loops: the other route to what a network should compute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

EPSILON = 1e-3  # Keras's default in BatchNormalization


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """A 'same' convolution, stride 1: x (n, h, w, c), kernel (kh, kw, c, k); each tap sees x moved by its place."""
    kh, kw = kernel.shape[:2]
    height, width = x.shape[1:3]
    top, left = (kh - 1) // 2, (kw - 1) // 2
    padded = np.pad(x.astype(float), [(0, 0), (top, kh - 1 - top), (left, kw - 1 - left), (0, 0)])
    result = np.zeros((*x.shape[:3], kernel.shape[3]))
    for i in range(kh):
        for j in range(kw):
            result += padded[:, i : i + height, j : j + width] @ kernel[i, j].astype(float)
    return result if bias is None else result + bias


def pool(x: np.ndarray, size: int, stride: int, reduce: Callable[..., np.ndarray], *, same: bool) -> np.ndarray:
    """Pool with ``np.max`` or ``np.mean``; a 'same' window is cut off at the border, as Keras does."""
    n, h, w, c = x.shape
    oh, ow = ((-(-m // stride) if same else (m - size) // stride + 1) for m in (h, w))
    top, left = ((max(0, (o - 1) * stride + size - m) // 2 if same else 0) for o, m in ((oh, h), (ow, w)))
    result = np.zeros((n, oh, ow, c))
    for i in range(oh):
        for j in range(ow):
            rows = slice(max(0, i * stride - top), i * stride - top + size)
            columns = slice(max(0, j * stride - left), j * stride - left + size)
            result[:, i, j] = reduce(x[:, rows, columns], axis=(1, 2))
    return result


def normalise(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """BatchNormalization with moving statistics."""
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


def normalise_batch(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """BatchNormalization in training: the statistics of the batch itself."""
    axes = tuple(range(x.ndim - 1))
    return normalise(x, gamma, beta, x.mean(axis=axes), x.var(axis=axes))


def relu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.0)


def mean_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean softmax cross-entropy from logits (n, k)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.mean([row[label] for row, label in zip(log_p, labels, strict=True)]))
