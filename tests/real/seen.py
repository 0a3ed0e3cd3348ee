"""What a person grades from: figures, numbers, photographs. Kept, converted, shortened, or told at its place."""

from __future__ import annotations

from typing import Any

import nbformat
from damage import cell_of
from nbformat import NotebookNode
from real.handing_in import Bank, perfect
from real.pictures import SVG, display, picture, printed
from real.written import insert_after, markdown
from released import Classroom

HAND_INS = Bank()
FOUND = "as submitted; not run when grading"


def experiment(notebook: NotebookNode, name: str = "border_figure") -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("course", {}).get("experiment") == name)


def with_outputs(classroom: Classroom, *outputs: dict[str, Any]) -> NotebookNode:
    """A perfect notebook in which one experiment has been run."""
    notebook = perfect(classroom)
    experiment(notebook).outputs = list(outputs)
    return notebook


def with_answer(classroom: Classroom, text: str, **attachments: dict[str, str]) -> NotebookNode:
    notebook = perfect(classroom)
    cell = cell_of(notebook, "fold_proof")
    cell.source += text
    cell["attachments"] = {name.replace("_", "."): bundle for name, bundle in attachments.items()}
    return notebook


# ------------------------------------------------------------------------------------------------------------ figures


@HAND_INS.hand_in(pictures=5, shows=(FOUND,), hides=("not shown here",))
def figures_in_every_format(classroom: Classroom) -> Any:
    kinds = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
    return with_outputs(classroom, *(display(**{kind.lower(): picture(kind)}) for kind in kinds))


@HAND_INS.hand_in(pictures=0, shows=("not shown here: a figure in SVG (1 kB)",))
def a_figure_in_svg(classroom: Classroom) -> Any:
    return with_outputs(classroom, display(svg=SVG))


@HAND_INS.hand_in(pictures=1, hides=("not shown here",))
def a_figure_in_svg_and_png(classroom: Classroom) -> Any:
    return with_outputs(classroom, display(svg=SVG, png=picture()))


@HAND_INS.hand_in(pictures=2, shows=("epoch 299", "the last line"), hides=("epoch 17 ", "left out"))
def a_progress_bar_before_the_figure(classroom: Classroom) -> Any:
    bar = [printed(f"\repoch {n} done", "stderr" if n % 2 else "stdout") for n in range(300)]
    outputs = [*bar, printed("\n"), display(png=picture()), printed("the last line\n"), display(png=picture())]
    return with_outputs(classroom, *outputs)


@HAND_INS.hand_in(pictures=2, shows=("table 0", "outputs left out here", "table 199"))
def two_hundred_tables_around_two_figures(classroom: Classroom) -> Any:
    tables = [display(plain=f"table {n}") for n in range(200)]
    return with_outputs(classroom, *tables[:70], display(png=picture()), *tables[70:], display(png=picture()))


@HAND_INS.hand_in(shows=("the first number", "characters left out here", "the last number"))
def a_very_long_text(classroom: Classroom) -> Any:
    return with_outputs(classroom, printed("the first number\n" + "0.123\n" * 50_000 + "the last number\n"))


@HAND_INS.hand_in(shows=("accuracy 0.91", "best epoch 12", "something interactive", "ordinary table"))
def rich_displays(classroom: Classroom) -> Any:
    plotly = {"text/html": "<div>plot</div>", "application/vnd.plotly.v1+json": {"data": []}}
    return with_outputs(
        classroom,
        display(plain="<IPython.core.display.Markdown object>", markdown="accuracy 0.91"),
        display(plain="<IPython.core.display.HTML object>", html="<b>best epoch</b> 12<script>alert(1)</script>"),
        display(plain="ordinary table", html="<table></table>"),
        {"output_type": "display_data", "metadata": {}, "data": plotly},
    )


@HAND_INS.hand_in(pictures=2, notes=("border_figure was there 2 times: all are shown",), shows=("one run", "other run"))
def two_copies_of_an_experiment(classroom: Classroom) -> Any:
    notebook = with_outputs(classroom, printed("one run"), display(png=picture()))
    cell = experiment(notebook)
    copy = nbformat.from_dict({**cell, "id": "copy", "source": f"taps = 5\n{cell.source}"})
    copy.outputs = [printed("other run"), display(png=picture("JPEG"))]
    notebook.cells.insert(notebook.cells.index(cell) + 1, copy)
    return notebook


@HAND_INS.hand_in(pictures=1, shows=("accuracy of my run", "Stopped"))
def an_own_cell_that_dies_here(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    cell = nbformat.v4.new_code_cell("import os\nos._exit(0)  # it took an hour there")
    cell.outputs = [nbformat.from_dict(output) for output in (printed("accuracy of my run"), display(png=picture()))]
    insert_after(notebook, "sigmoid_proof", cell)
    return notebook


@HAND_INS.hand_in(pictures=1, shows=("No such file", "rows of my own data"))
def an_own_cell_that_has_no_data_here(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    cell = nbformat.v4.new_code_cell("print(open('my_own_data.csv').read())")
    cell.outputs = [nbformat.from_dict(output) for output in (printed("rows of my own data"), display(png=picture()))]
    notebook.cells.append(cell)
    return notebook


@HAND_INS.hand_in(shows=("42",), hides=("forty-two", FOUND))
def an_own_cell_that_runs_here(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    notebook.cells.append(nbformat.v4.new_code_cell("print(6 * 7)", outputs=[nbformat.from_dict(printed("forty-two"))]))
    return notebook


# -------------------------------------------------------------------------------------------------- pictures in texts


@HAND_INS.hand_in(pictures=4, hides=("not shown",))
def pasted_into_an_answer(classroom: Classroom) -> Any:
    text = "![](attachment:a.png) ![](attachment:b.jpeg) ![](attachment:c.gif) ![](attachment:d.webp)"
    return with_answer(
        classroom, text, a_png={"image/png": picture()}, b_jpeg={"image/jpeg": picture("JPEG")},
        c_gif={"image/gif": picture("GIF")}, d_webp={"image/webp": picture("WEBP")},
    )  # fmt: skip


@HAND_INS.hand_in(pictures=3, hides=("not shown",))
def pasted_into_prose_and_own_cells(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    attached = {"image.png": {"image/png": picture()}}
    prose = next(cell for cell in notebook.cells if cell.source.startswith("### In front of"))
    prose.source += "\n\n![image.png](attachment:image.png)"
    prose["attachments"] = attached
    notebook.cells.append(markdown("![image.png](attachment:image.png)", attachments=attached))
    notebook.cells.append(markdown('<img src="attachment:image.png" width=100>', attachments=attached))
    return notebook


@HAND_INS.hand_in(pictures=2, hides=("not shown",))
def names_with_spaces(classroom: Classroom) -> Any:
    notebook = perfect(classroom)
    text = "![](<attachment:Screen Shot.png>) ![](attachment:Screen%20Shot.png)"
    notebook.cells.append(markdown(text, attachments={"Screen Shot.png": {"image/png": picture()}}))
    return notebook


@HAND_INS.hand_in(pictures=1, hides=("not shown",))
def a_photograph_of_nine_megabytes(classroom: Classroom) -> Any:
    photograph = picture("JPEG", (2600, 1900), noise=True, quality=97)
    return with_answer(classroom, "![](attachment:photo.jpg)", photo_jpg={"image/jpeg": photograph})


@HAND_INS.hand_in(pictures=0, shows=("picture not shown: gone", "a.heic was a picture of the kind image/heic", "a.svg"))
def pictures_that_cannot_be_shown(classroom: Classroom) -> Any:
    text = "![gone](attachment:gone.png) ![](attachment:a.heic) ![](attachment:a.svg) ![](plot.png)"
    return with_answer(classroom, text, a_heic={"image/heic": "AAAA"}, a_svg={"image/svg+xml": SVG})


@HAND_INS.hand_in(pictures=2, shows=("behind the picture",), hides=("not shown",))
def pasted_into_the_text_as_colab_does(classroom: Classroom) -> Any:
    large = picture("PNG", (700, 600), noise=True)
    assert len(large) > 1_500_000
    small = f"<img src='data:image/gif;base64,{picture('GIF')}'>"
    return with_answer(classroom, f"\n\n![](data:image/png;base64,{large})\n\n{small}\n\nbehind the picture")


@HAND_INS.hand_in(shows=("one picture too many",))
def more_pictures_than_a_browser_holds(classroom: Classroom) -> Any:
    large = picture("PNG", (4000, 3900))
    notebook = perfect(classroom)
    for number in range(12):
        text = f"photograph {number} ![](attachment:a.png)"
        notebook.cells.append(markdown(text, attachments={"a.png": {"image/png": large}}))
    return notebook
