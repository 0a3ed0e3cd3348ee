"""What of a student's may stand in a page: text, its emphasis, tables, formulas, pictures. Nothing that acts.

The list is one of what is allowed. No element keeps a name of any kind (``class``, ``id``, ``name``, ``style``): the
page around it would take it for one of its own, and a click on it for a click on its own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from html import escape
from urllib.parse import unquote

import nh3
from bs4 import BeautifulSoup, Tag

from autograder.grading.pages import formulas
from autograder.grading.reading.submitted import kept_attachments
from autograder.jail.pictures import promised

TAGS = {
    "b", "blockquote", "br", "caption", "center", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "s", "small", "span", "strong", "sub",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {"img": {"alt", "src"}, "ol": {"start"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
MATH = {tag: {*formulas.ATTRIBUTES, "mathvariant", "width"} for tag in formulas.TAGS}
# With these, what stands between the tags goes as well: it was never meant to be read.
UNSEEN = {"iframe", "noscript", "object", "script", "style", "svg", "template", "title"}
PICTURE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=]+)")
SHOWN = re.compile(f'src="{PICTURE.pattern}"')
COUNT = re.compile("[0-9]{1,3}")  # of columns, of rows, of a list's first item
ATTACHED = "attachment:"
NONE: Mapping[str, Mapping[str, str]] = {}
MAX_ADDRESS = 500  # characters of a link's address that are shown


def clean(html: str, attachments: Mapping[str, Mapping[str, str]] = NONE) -> str:
    """Drop every tag, attribute and address that is not on the list; links and missing pictures become text.

    Args:
        html: what a renderer made of a student's text, the student's own tags included.
        attachments: the pictures that it may show, by name; each of a kind that a page may show.
    """
    return nh3.clean(
        _as_text(html, attachments),
        tags=TAGS | formulas.TAGS,
        attributes=ATTRIBUTES | MATH,
        attribute_filter=_attribute,
        clean_content_tags=UNSEEN,
        url_schemes={"data"},  # of pictures: no other attribute that is left holds an address
        link_rel=None,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return picture_address(value) or None
    if name in ("colspan", "rowspan", "start"):
        return value if COUNT.fullmatch(value) else None
    if tag in formulas.TAGS:
        return value if formulas.allowed(tag, name, value) else None
    return value


def _as_text(html: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    """Write addresses beside the words that linked to them, and say where a picture cannot be shown.

    Whoever grades can read where a link leads and never gets there by a click. This parser is not a browser's:
    ``clean`` looks at everything again.
    """
    if not re.search(r"<(a|img|image)\b", html, re.IGNORECASE):
        return html
    soup = BeautifulSoup(html, "html.parser")
    for link in soup.find_all("a"):
        address = str(link.get("href") or "")[:MAX_ADDRESS]
        if address and not address.startswith("#") and address.removeprefix("mailto:") != link.get_text():
            link.append(f" ({address})")
        link.unwrap()
    for image in soup.find_all(["img", "image"]):
        _check_picture(image, attachments)
    return str(soup)


def _check_picture(image: Tag, attachments: Mapping[str, Mapping[str, str]]) -> None:
    source = str(image.get("src") or "")
    picture = _attached(source, attachments) if source.startswith(ATTACHED) else picture_address(source)
    alt = str(image.get("alt") or "")
    if image.name == "img" and picture:
        image.attrs = {"src": picture, "alt": alt or "a picture of the student's"}
    else:
        image.replace_with(f"[picture not shown: {' '.join(filter(None, [alt, source]))[:MAX_ADDRESS]}]")


def _attached(source: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    """The data address of an attached picture; "" for one that is not there."""
    name = source.removeprefix(ATTACHED)
    bundle = attachments.get(name) or attachments.get(unquote(name)) or {}  # editors differ in how they write a space
    return next((f"data:{kind};base64,{data}" for kind, data in bundle.items()), "")


def picture_address(source: str) -> str:
    """The picture of a data address, written anew; "" for anything but a sound PNG or JPEG."""
    match = PICTURE.fullmatch("".join(source.split()))
    kept = kept_attachments({"": {match[1]: match[2]}}) if match else {}
    return next((f"data:{kind};base64,{data}" for kind, data in kept.get("", {}).items()), "")


def pixels(html: str) -> int:
    """How many pixels a browser has to hold for the pictures of a text."""
    return sum(_pixels(match[2]) for match in SHOWN.finditer(html))


def _pixels(data: str) -> int:
    try:
        return promised(base64.b64decode(data))[1]
    except binascii.Error:  # not a picture that ``clean`` let through, only text that looks like one
        return 0


def plain(text: str) -> str:
    """A text exactly as it was written, as HTML."""
    return f"<pre>{escape(text)}</pre>"
