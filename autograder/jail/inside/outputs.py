"""Rebuild a cell's outputs from what an untrusted process says they are: text and PNG, bounded, nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from autograder.jail.pictures import promised
from autograder.jail.wire import WireError

MAX_OUTPUTS = 1_000
MAX_PIXELS = 40_000_000  # a small file can hold an image that no browser survives


def checked_outputs(reply: Any, budget: int) -> tuple[dict[str, Any], ...]:
    """Turn a reply into nbformat outputs.

    Args:
        reply: a list of dicts as ``Recorder.outputs`` makes them; anything else may have come instead.
        budget: bytes of text and images together, as they are stored; the student's side has truncated honest outputs
            to it.

    Raises:
        WireError: when the reply is not of that form.
    """
    if type(reply) is not list or len(reply) > MAX_OUTPUTS:
        raise WireError("not a list of outputs")
    outputs = tuple(_checked_output(item) for item in reply)
    if sum(_size(output) for output in outputs) > 2 * budget:  # base64 adds a third
        raise WireError("outputs beyond their budget")
    return outputs


def stored_size(text: str) -> int:
    """Bytes of a text in a notebook's file, where a control character takes six."""
    quotes = 2
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - quotes


def _checked_output(item: Any) -> dict[str, Any]:
    if type(item) is not dict:
        raise WireError("not an output")
    kind = item.get("output_type")
    if kind == "stream" and item.get("name") in ("stdout", "stderr"):
        return {"output_type": "stream", "name": item["name"], "text": _text(item.get("text"))}
    if kind == "error":
        lines = item.get("traceback")
        if type(lines) is not list or len(lines) > MAX_OUTPUTS:
            raise WireError("not a traceback")
        error = {"ename": _text(item.get("ename")), "evalue": _text(item.get("evalue"))}
        return {"output_type": "error", **error, "traceback": [_text(line) for line in lines]}
    if kind == "display_data":
        return {"output_type": "display_data", "data": _bundle(item), "metadata": {}}
    if kind == "execute_result":
        count = item.get("execution_count")
        if type(count) is not int:
            raise WireError("not an execution count")
        return {"output_type": "execute_result", "execution_count": count, "data": _bundle(item), "metadata": {}}
    raise WireError("an unknown kind of output")


def _bundle(item: dict[str, Any]) -> dict[str, str]:
    data = {"text/plain": _text(item.get("text", ""))}
    if item.get("png") is not None:
        data["image/png"] = _png(item["png"])
    return data


def _png(array: Any) -> str:
    """Check that the bytes begin as a PNG of a sane size, and write them in base64 ourselves."""
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        raise WireError("not an image")
    data = array.tobytes()
    kind, pixels = promised(data)
    if kind != "image/png":
        raise WireError("not a PNG image")
    if pixels > MAX_PIXELS:
        raise WireError("an image of too many pixels")
    return base64.b64encode(data).decode("ascii")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise WireError("not a text")
    return value


def _size(output: dict[str, Any]) -> int:
    texts = [output.get("text", ""), output.get("ename", ""), output.get("evalue", "")]
    texts += [*output.get("traceback", ()), *output.get("data", {}).values()]
    return sum(map(stored_size, texts))
