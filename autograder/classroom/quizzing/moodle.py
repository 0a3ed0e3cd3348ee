"""Questions as Moodle's question bank imports them: *Question bank*, *Import*, *Moodle XML format*.

Elements and their order are those of Moodle's own export (``question/format/xml/format.php``, class ``qformat_xml``):
a ``category`` comes before its questions, texts are HTML in CDATA, an answer's ``fraction`` is in percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from autograder.classroom.printing import printable, printable_lines
from autograder.classroom.quizzing.question import Block, Question, Quiz

# Moodle's filters act on what they find in a text (formulas, links, placeholders of files): in code, nothing is meant.
FILTERED = str.maketrans({character: f"&#{ord(character)};" for character in "$@[]{}\\"})


def quizzes_xml(quizzes: Sequence[Quiz]) -> bytes:
    """A file for Moodle; each student's questions are in a category of their own, so that no one gets another's."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n']
    for quiz in quizzes:
        if quiz.questions:
            parts.append(_category(quiz))
            parts += [_question(quiz, number, question) for number, question in enumerate(quiz.questions, 1)]
    return "".join([*parts, "</quiz>\n"]).encode()


def _category(quiz: Quiz) -> str:
    names = [printable(name).replace("/", "//") for name in ("Quizzes", quiz.assignment, quiz.student)]
    path = "$course$/top/" + "/".join(names)
    return f'  <question type="category">\n    <category>\n      {_text(path)}\n    </category>\n  </question>\n'


def _question(quiz: Quiz, number: int, question: Question) -> str:
    title = f"{quiz.assignment} {printable(quiz.student)} {number}: {question.exercise}, {question.kind}"
    lines = [
        '  <question type="multichoice">',
        f"    <name>{_text(title)}</name>",
        f'    <questiontext format="html">{_text("".join(map(_block, question.blocks)))}</questiontext>',
        f'    <generalfeedback format="html">{_text("")}</generalfeedback>',
        "    <defaultgrade>1.0000000</defaultgrade>",
        "    <penalty>0.3333333</penalty>",
        "    <hidden>0</hidden>",
        "    <single>true</single>",
        "    <shuffleanswers>true</shuffleanswers>",
        "    <answernumbering>abc</answernumbering>",
        "    <showstandardinstruction>0</showstandardinstruction>",
    ]
    for place, (option, remark) in enumerate(zip(question.options, question.remarks, strict=True)):
        kind = Block("code" if question.options_are_code else "text", option)
        lines += [
            f'    <answer fraction="{100 if place == question.answer else 0}" format="html">',
            f"      {_text(_block(kind))}",
            f'      <feedback format="html">{_text(_block(Block("text", remark)))}</feedback>',
            "    </answer>",
        ]
    return "\n".join([*lines, "  </question>\n"])


def _block(block: Block) -> str:
    """HTML: text is text, whatever stands in it."""
    text = escape(printable_lines(block.text)).translate(FILTERED)
    return f"<pre>{text}</pre>" if block.kind == "code" else f"<p>{text}</p>"


def _text(text: str) -> str:
    return f"<text><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></text>"
