"""Make a picture one that every page can show: PNG or JPEG, of a size that a browser draws at once.

Runs in the reader's process, behind its walls: a decoder is no place for a stranger's bytes otherwise.
"""

from __future__ import annotations

import io

from PIL import GifImagePlugin, Image, WebPImagePlugin

LONGEST_SIDE = 2400  # of a converted picture: handwriting on a photographed page stays legible
FORMATS = ("PNG", "JPEG", GifImagePlugin.GifImageFile.format, WebPImagePlugin.WebPImageFile.format, "BMP")
QUALITY = 85
Image.preinit()  # once walls are up, nothing can be imported


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height as a picture's header says; None for what is no picture of these formats."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.size
    except Exception:  # noqa: BLE001 - decoders have as many ways to fail as there are ways to break a file
        return None


def converted(data: bytes) -> tuple[str, bytes] | None:
    """The picture's kind and bytes, its first frame, at most ``LONGEST_SIDE`` long; None where it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
            few_colours = image.mode in ("1", "L", "P")
            made = io.BytesIO()
            if few_colours:
                image.save(made, "PNG")
                return "image/png", made.getvalue()
            _on_white(image).save(made, "JPEG", quality=QUALITY)
            return "image/jpeg", made.getvalue()
    except Exception:  # noqa: BLE001 - as above; MemoryError among them
        return None


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency: on a page it would be white."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
