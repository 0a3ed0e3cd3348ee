"""The plotting exercise: reference, known-wrong and differently written correct implementations."""

import matplotlib.pyplot as plt

from autograder.course.bank import Bank

BANK = Bank()
mutant, variant = BANK.mutant, BANK.variant


def plot_curves(series, xlabel, ylabel):
    figure, axes = plt.subplots()
    colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]  # for every eye
    axes.set_prop_cycle(color=colours)
    styles = ["-", "--", "-.", ":"]  # and for grey paper
    for i, (name, (x, y)) in enumerate(series.items()):
        axes.plot(x, y, styles[i % 4], label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="call legend(): a reader must see which curve is which")
def no_legend(series, xlabel, ylabel):
    """Labels the curves and shows no legend."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figure


@mutant(of="plot_curves", hint="xlabel names the horizontal axis: the iteration is on x")
def swapped_axis_labels(series, xlabel, ylabel):
    """Swaps the two axis labels."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=ylabel, ylabel=xlabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="return the Figure, so that the caller can show or save it")
def returns_nothing(series, xlabel, ylabel):
    """Draws and returns None."""
    axes = plt.subplots()[1]
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()


@mutant(of="plot_curves", hint="a loss logged every 100 iterations belongs at 0, 100, 200: use the given x")
def ignores_x(series, xlabel, ylabel):
    """Plots y against 0, 1, 2, ..."""
    figure, axes = plt.subplots()
    for name, (_, y) in series.items():
        axes.plot(y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="curves of an earlier figure are in yours: make a new figure in every call")
def draws_on_the_current_axes(series, xlabel, ylabel):
    """Draws into whatever figure happens to be open."""
    axes = plt.gca()
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return axes.figure


@mutant(of="plot_curves", hint="curves are compared best in one picture: all of them in one pair of axes")
def one_panel_for_each_curve(series, xlabel, ylabel):
    """Gives each curve a panel of its own."""
    figure, panels = plt.subplots(len(series), squeeze=False)
    for (name, (x, y)), axes in zip(series.items(), panels[:, 0]):
        axes.plot(x, y, label=name)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.legend()
    return figure


@mutant(of="plot_curves", hint="each curve needs its own colour or line style, also with many curves")
def one_look_for_all(series, xlabel, ylabel):
    """Draws every curve in the same colour and style."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(x, y, color="black", label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="draw all the entries: one of the curves is missing")
def first_two_curves(series, xlabel, ylabel):
    """Draws train and test and forgets what else there is."""
    figure, axes = plt.subplots()
    for name, (x, y) in list(series.items())[:2]:
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="name both axes with the texts you were given")
def no_axis_labels(series, xlabel, ylabel):
    """Leaves the axes without names."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="plot x against y: the loss is on the vertical axis")
def swapped_data(series, xlabel, ylabel):
    """Swaps x and y."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(y, x, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


@mutant(of="plot_curves", hint="a single curve has a name, too: show the legend for one curve as well")
def no_legend_for_one_curve(series, xlabel, ylabel):
    """Shows the legend only when there are several curves."""
    figure, axes = plt.subplots()
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        axes.legend()
    return figure


@variant(of="plot_curves")
def with_markers_and_a_grid(series, xlabel, ylabel):
    """Adds a subplot to a new figure, with markers, a title and a grid."""
    figure = plt.figure(figsize=(6, 4))
    axes = figure.add_subplot(111)
    for name, points in series.items():
        axes.plot(*points, marker="o", linestyle="--", label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel, title="curves")
    axes.grid(True)
    axes.legend(loc="best")
    figure.tight_layout()
    return figure


@variant(of="plot_curves")
def through_the_pyplot_state(series, xlabel, ylabel):
    """Uses pyplot's current figure after making a new one."""
    figure = plt.figure()
    for name in series:
        plt.plot(series[name][0], series[name][1], label=name)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    plt.legend(fontsize=8)
    return figure


@variant(of="plot_curves")
def with_a_legend_of_the_figure(series, xlabel, ylabel):
    """Puts the legend beside the axes, as the figure's own."""
    figure, axes = plt.subplots(layout="constrained")
    for name, (x, y) in series.items():
        axes.plot(x, y, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    figure.legend(loc="outside right upper")
    return figure
