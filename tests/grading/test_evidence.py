"""Pictures and outputs of a hand-in: what is kept, what is made smaller, and that no amount of them is too much."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib

import pytest
from PIL import Image
from real.pictures import SVG, display, picture, printed

from autograder.grading.reading import evidence
from autograder.grading.reading.converting import LONGEST_SIDE, converted
from autograder.grading.reading.evidence import Album, kept_outputs
from autograder.grading.reading.reader import read
from autograder.grading.reading.submitted import Found


def decoded(value: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(value)))


def bomb(width: int, height: int) -> str:
    """A PNG that promises many pixels and holds a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body).decode()


@pytest.mark.parametrize(("kind", "kept"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_what_a_page_can_show_is_kept_byte_for_byte(kind, kept):
    assert Album().keep({kept: picture(kind)}) == ({kept: picture(kind)}, "")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP"])
def test_other_formats_are_converted(kind):
    ((name, value),) = Album().keep({f"image/{kind.lower()}": picture(kind)})[0].items()
    assert name in ("image/png", "image/jpeg") and decoded(value).size == (40, 30)


def test_a_picture_goes_by_what_it_is_not_by_what_it_is_called():
    assert Album().keep({"image/png": picture("JPEG")}) == ({"image/jpeg": picture("JPEG")}, "")


def test_a_large_photograph_is_made_smaller_and_keeps_its_shape():
    ((_, value),) = Album().keep({"image/jpeg": picture("JPEG", (6000, 4000))})[0].items()
    assert decoded(value).size == (LONGEST_SIDE, LONGEST_SIDE * 4000 // 6000)


def test_transparent_pictures_are_white_behind():
    made = io.BytesIO()
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(made, "WEBP")
    kind, data = converted(made.getvalue())
    assert kind == "image/jpeg"
    assert min(Image.open(io.BytesIO(data)).getpixel((2, 2))) > 250


@pytest.mark.parametrize(
    ("bundle", "says"),
    [
        ({"image/svg+xml": SVG}, "a figure in SVG (1 kB), which cannot be shown safely"),
        ({"image/png": "not base64!"}, "a picture that cannot be decoded"),
        ({"image/png": base64.b64encode(b"<script>").decode()}, "a picture that cannot be read"),
        ({"image/png": bomb(100_000, 100_000)}, "a picture of 10000 million pixels, where 64 million are the most"),
        ({"image/png": bomb(7_000, 7_000)}, ""),  # what there is of it
        ({"image/heic": "AAAA"}, "a picture of the kind image/heic, which no page shows"),
        ({"image/x*y](evil)": "AAAA"}, "a picture of the kind image/x_y__evil_, which no page shows"),
        ({"image/png": 5, "image/jpeg": [None]}, "a picture that cannot be read"),
        ({"text/plain": "x"}, ""),
    ],
)
def test_what_cannot_be_kept_is_called_by_its_name(bundle, says):
    kept, problem = Album().keep(bundle)
    assert (problem.startswith(says) and not kept) or (kept and not problem)


def test_all_pictures_together_have_bounds(monkeypatch):
    monkeypatch.setattr(evidence, "SUBMISSION_PIXELS", 5_000)
    monkeypatch.setattr(evidence, "DECODED_PIXELS", 3_000)
    album = Album()
    assert [bool(album.keep({"image/png": picture()})[0]) for _ in range(6)] == [True] * 4 + [False] * 2  # 1200 each
    assert album.keep({"image/gif": picture("GIF")}) == ({}, evidence.ENOUGH)


def test_an_unseen_attachment_is_not_missed():
    attached = {name: {"image/svg+xml": SVG} for name in ("a.svg", "b.svg")}
    found = Found("markdown", "![](attachment:a.svg)", (), None, attached)
    text, kept = Album().text_of(found)
    assert kept == {}
    assert text.count("not shown here") == 1 and "a.svg was a figure in SVG" in text


def texts(outputs: list) -> list[str]:
    return [output.get("text", output.get("data", {}).get("text/plain")) for output in outputs][1:]


def test_a_progress_bar_is_its_last_state():
    bar = [printed(f"\r{n}%", name) for n, name in enumerate(["stderr", "stdout"] * 50)]
    assert texts(kept_outputs([*bar, printed("\ndone\n")], Album())) == ["99%\ndone\n"]
    assert texts(kept_outputs([printed("1/9\b\b\b2/9\r\nloss 1\r\n")], Album())) == ["1/92/9\nloss 1\n"]


def test_of_too_many_outputs_the_pictures_stay_and_every_gap_is_told():
    outputs = [display(plain=f"t{n}") for n in range(300)]
    outputs[100] = outputs[290] = display(png=picture())
    kept = kept_outputs(outputs, Album())
    assert sum("image/png" in output.get("data", {}) for output in kept) == 2
    said = texts(kept)
    left = sum(int(text.split()[0][1:]) for text in said if "outputs left out here" in text)
    shown = [text for text in said if "outputs left out here" not in text]
    assert left + len(shown) == 300 and len(shown) == evidence.MAX_OUTPUTS
    assert said[0] == "t0" and said[-1] == "t299"


def test_outputs_of_format_3_are_read():
    old = [
        {"output_type": "pyout", "text": ["4"], "prompt_number": 1, "metadata": {}},
        {"output_type": "display_data", "png": picture(), "text": ["<Figure>"], "metadata": {}},
        {"output_type": "pyerr", "ename": "E", "evalue": "no", "traceback": []},
    ]
    kept = kept_outputs(old, Album())
    assert texts(kept) == ["4", "<Figure>", "E: no"]
    assert kept[2].data["image/png"] == picture()


@pytest.mark.parametrize("junk", [None, 5, "x", {}, [None, 5, {"output_type": []}], [{"output_type": "stream"}]])
def test_junk_is_no_output(junk):
    assert kept_outputs(junk, Album()) == [] or texts(kept_outputs(junk, Album())) == [""]


@pytest.mark.usefixtures("private_servers")
def test_a_flood_of_pictures_costs_the_reader_seconds_and_nobody_the_notebook(classroom):
    """Pictures are decoded behind the reader's walls, within its bounds, whatever they are."""
    notebook = json.loads(json.dumps(classroom.notebook()))
    flat = {"image/gif": picture("GIF", (7900, 7900))}
    hostile = [flat, {"image/png": bomb(8000, 7900)}, {"image/webp": picture("WEBP", (60, 60), noise=True)[:2000]}]
    for number in range(60):
        text = {"cell_type": "markdown", "source": "![](attachment:a)", "metadata": {}, "id": f"x{number}"}
        notebook["cells"].append({**text, "attachments": {"a": hostile[number % 3]}})
    repaired = read(json.dumps(notebook).encode(), "a1.ipynb", classroom.release())
    assert len(repaired.notebook.cells) == len(notebook["cells"])
    assert "one picture too many" in json.dumps(repaired.notebook)
