r"""Draw a formula as MathML, which every browser shows by itself: no script, no font and no request is needed for it.

What the converter does not know exactly is not drawn at all: a formula that looks right and is not would cost a student
points, so the reader then gets the TeX as it was written.
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
TAGS = frozenset({
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
})  # fmt: skip
# Nothing that names, links, colours or moves: a formula must not reach over what stands beside it.
ATTRIBUTES = frozenset({
    "accent", "accentunder", "columnalign", "display", "displaystyle", "fence", "form", "largeop", "linethickness",
    "maxsize", "minsize", "movablelimits", "notation", "scriptlevel", "separator", "stretchy", "symmetric",
})  # fmt: skip
SPACE = re.compile(r"[0-3](\.[0-9]{1,4})?em")  # a wider or a negative one would move what comes after it
SIZE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?(em|ex|px|pt|%)?|infinity|medium|thin|thick|true|false")
SIZED = frozenset({"linethickness", "maxsize", "minsize", "scriptlevel"})

# Parts that an element must have: a browser draws one with too few as an error, or wrongly.
PARTS = {"mfrac": 2, "mover": 2, "mroot": 2, "msub": 2, "msubsup": 3, "msup": 2, "munder": 2, "munderover": 3}
# Environments that the converter knows; others it would draw as one row.
ENVIRONMENTS = frozenset({
    "align", "align*", "array", "cases", "equation", "equation*", "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix",
    "Vmatrix", "smallmatrix", "split",
})  # fmt: skip
# Environments that the converter does not know, in terms of those that it does.
SYNONYMS = {
    "aligned": ("split", ""), "eqnarray": ("array", "{rcl}"), "eqnarray*": ("array", "{rcl}"),
    "flalign": ("align*", ""), "flalign*": ("align*", ""), "gather": ("array", "{c}"), "gather*": ("array", "{c}"),
    "gathered": ("array", "{c}"), "multline": ("array", "{c}"), "multline*": ("array", "{c}"), "dcases": ("cases", ""),
}  # fmt: skip
# The first capital, small letter and digit of Unicode's mathematical alphabets: browsers know only these, not the
# attribute `mathvariant` that the converter writes. Letters that Unicode had before are in HOLES.
ALPHABETS = {
    "bold": (0x1D400, 0x1D41A, 0x1D7CE), "bold-italic": (0x1D468, 0x1D482, 0x1D7CE),
    "double-struck": (0x1D538, 0x1D552, 0x1D7D8), "script": (0x1D49C, 0x1D4B6, None),
    "bold-script": (0x1D4D0, 0x1D4EA, None), "fraktur": (0x1D504, 0x1D51E, None),
    "bold-fraktur": (0x1D56C, 0x1D586, None), "sans-serif": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "bold-sans-serif": (0x1D5D4, 0x1D5EE, 0x1D7EC), "monospace": (0x1D670, 0x1D68A, 0x1D7F6),
}  # fmt: skip
HOLES = {
    ("double-struck", letter): code for letter, code in zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)
} | {("script", letter): code for letter, code in zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)} | {
    ("fraktur", letter): code for letter, code in zip("CHIRZ", "ℭℌℑℜℨ", strict=True)
}  # fmt: skip
# After these a plus or a minus is a number's sign, and stands close to it; browsers ask only whether it comes first.
BEFORE_SIGNS = frozenset("([{⟨=≠≈<>≤≥,;:·×/→↦∈")
SIGNS = frozenset("+-−±∓")
GREEK = {"bold": (0x1D6A8, 0x1D6C2), "bold-italic": (0x1D71C, 0x1D736)}


def mathml(tex: str, *, display: bool) -> str | None:
    """The formula as a ``<math>`` element; None where it cannot be drawn exactly as it was meant."""
    tex = re.sub(r"\\(begin|end)\{([a-z]+\*?)\}", _synonym, tex)
    if not ENVIRONMENTS.issuperset(re.findall(r"\\begin\s*\{([^}]*)", tex)):
        return None
    try:
        root = ElementTree.fromstring(convert(tex, display="block" if display else "inline"))
    except Exception:  # noqa: BLE001 - the converter has as many ways to fail as there are ways to write TeX badly
        return None
    if not all(_keep(element) for element in root.iter()):
        return None
    for element in root.iter():
        _mark_signs(element)
    return ElementTree.tostring(root, encoding="unicode")


def _synonym(match: re.Match[str]) -> str:
    name, columns = SYNONYMS.get(match[2], (match[2], ""))
    return f"\\{match[1]}{{{name}}}" + (columns if match[1] == "begin" else "")


def _mark_signs(row: ElementTree.Element) -> None:
    """Tell a number's sign from the operation of the same letter."""
    for before, part in pairwise(row):
        if part.tag == before.tag == "mo" and part.text in SIGNS and before.text in BEFORE_SIGNS:
            part.set("form", "prefix")


def _keep(element: ElementTree.Element) -> bool:
    """Reduce an element to what may stay; False where it would not be shown as it was meant."""
    element.tag = element.tag.removeprefix(NAMESPACE)
    text = element.text or ""
    unknown = element.tag == "mi" and text.startswith("\\")  # a command that the converter left as it was
    broken = "linebreak" in element.attrib  # no browser breaks the line there
    broken = broken or len(element) != PARTS.get(element.tag, len(element))
    if element.tag not in TAGS or unknown or broken:
        return False
    variant = element.attrib.get("mathvariant", "normal")
    if variant not in ("normal", "italic"):
        element.text = "".join(_letter(letter, variant) for letter in text)
    element.attrib = {name: value for name, value in element.attrib.items() if allowed(element.tag, name, value)}
    return True


def allowed(tag: str, name: str, value: str) -> bool:
    """Whether a formula's element may have this attribute."""
    if name == "mathvariant":
        return tag == "mi" and value == "normal"  # upright: the one that browsers know
    if name == "width":
        return tag == "mspace" and SPACE.fullmatch(value) is not None
    return name in ATTRIBUTES and (name not in SIZED or SIZE.fullmatch(value) is not None)


def _letter(letter: str, variant: str) -> str:
    """A letter or digit in one of Unicode's mathematical alphabets; as it is where there is none."""
    if (variant, letter) in HOLES:
        return HOLES[variant, letter]
    greek = GREEK.get(variant)
    if greek and "Α" <= letter <= "Ω":
        return chr(greek[0] + ord(letter) - ord("Α"))
    if greek and "α" <= letter <= "ω":
        return chr(greek[1] + ord(letter) - ord("α"))
    starts = ALPHABETS.get(variant)
    if starts is None or not (letter.isascii() and letter.isalnum()):
        return letter
    first = 0 if letter.isupper() else 1 if letter.islower() else 2
    start = starts[first]
    return letter if start is None else chr(start + ord(letter) - ord("Aa0"[first]))
