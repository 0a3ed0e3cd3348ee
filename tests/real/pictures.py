"""Pictures as students have them."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>accuracy 0.9</text></svg>'


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), *, noise: bool = False, **options: Any) -> str:
    """A picture in base64: a plain one, or one that no format makes small."""
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        image = Image.fromarray(pixels)
    else:
        image = Image.new("RGB", size, "steelblue")
    made = io.BytesIO()
    image.save(made, kind, **options)
    return base64.b64encode(made.getvalue()).decode()


def display(**kinds: str) -> dict[str, Any]:
    """An output that shows a figure: ``display(png=...)``, ``display(svg=...)``."""
    names = {"svg": "image/svg+xml", "html": "text/html", "markdown": "text/markdown", "plain": "text/plain"}
    data = {names.get(kind, f"image/{kind}"): value for kind, value in kinds.items()}
    return {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "<Figure size 640x480>"} | data}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}
