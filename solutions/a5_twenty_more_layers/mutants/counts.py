"""Known-wrong implementations: counting what is in a fractal block."""

from autograder.course.bank import Bank
from solutions.a5_twenty_more_layers import solution

BANK = Bank()
mutant = BANK.mutant


@mutant(of="fractal_stats", hint="count again for two columns: each step takes two copies and adds one convolution")
def two_to_the_columns(columns):
    """Counts 2 ** columns convolutions, one too many."""
    stats = solution.fractal_stats(columns)
    return {**stats, "n_convs": 2**columns if columns > 1 else 1}


@mutant(of="fractal_stats", hint="the smaller fractal is passed twice in a row: what does that do to the longest path?")
def longest_is_columns(columns):
    """Lets the longest path grow by one for each column."""
    return {**solution.fractal_stats(columns), "longest": columns}


@mutant(of="fractal_stats", hint="the longest path does not grow by two each time; follow it through three columns")
def longest_grows_by_two(columns):
    """Lets the longest path grow by two for each column."""
    return {**solution.fractal_stats(columns), "longest": 2 * columns - 1}


@mutant(
    of="fractal_stats", hint="at a join in the middle a path may change its column: there are more paths than columns"
)
def paths_are_columns(columns):
    """Takes the number of columns for the number of paths."""
    return {**solution.fractal_stats(columns), "n_paths": columns}


@mutant(of="fractal_stats", hint="each way through the first half can go on by each way through the second half")
def adds_choices(columns):
    """Adds the choices of the two halves instead of multiplying them."""
    stats = solution.fractal_stats(columns)
    return {**stats, "n_paths": 2**columns - 1}


@mutant(of="fractal_stats", hint="the new column stands beside the two smaller fractals: it is added, they stay")
def forgets_the_new_column(columns):
    """Doubles the convolutions and forgets the new one."""
    return {**solution.fractal_stats(columns), "n_convs": 2 ** max(columns - 1, 0)}


@mutant(of="fractal_stats", hint="what is the shortest way from top to bottom? one column has a single convolution")
def shortest_is_columns(columns):
    """Takes the number of columns for the shortest path."""
    return {**solution.fractal_stats(columns), "shortest": columns}


@mutant(of="fractal_stats", hint="fewer than one column is no block: raise ValueError")
def accepts_no_columns(columns):
    """Answers for no columns as for one."""
    return solution.fractal_stats(max(columns, 1))


@mutant(of="fractal_stats", hint="counts are whole numbers: a division gives a float; return integers")
def returns_floats(columns):
    """Divides, and returns floats."""
    stats = solution.fractal_stats(columns)
    return {**stats, "longest": 2**columns / 2}


@mutant(of="fractal_stats", hint="the longest path of one column is 1: start the doubling there")
def longest_is_one_power_too_high(columns):
    """Doubles once too often."""
    return {**solution.fractal_stats(columns), "longest": 2**columns}


@mutant(of="fractal_stats", hint="the new column is a path, too: one more than the choices of both halves")
def forgets_the_new_path(columns):
    """Squares the number of paths and forgets the new one."""
    return {**solution.fractal_stats(columns), "n_paths": 1}


@mutant(of="fractal_stats", hint="only fewer than one column is refused; one column is a single convolution")
def refuses_one_column(columns):
    """Refuses a single column."""
    if columns <= 1:
        raise ValueError(columns)
    return solution.fractal_stats(columns)


@mutant(of="fractal_stats", hint="return a dict with the four names of the docstring, not their values alone")
def returns_a_tuple(columns):
    """Returns the four counts without their names."""
    return tuple(solution.fractal_stats(columns).values())


@mutant(of="fractal_stats", hint="three columns are one example: your counts must follow the argument")
def three_columns_always(columns):
    """Answers for three columns, whatever was asked."""
    solution.fractal_stats(columns)
    return {"n_convs": 7, "longest": 4, "shortest": 1, "n_paths": 5}


@mutant(of="fractal_stats", hint="refuse with ValueError: an assertion is for your own mistakes, and can be off")
def asserts(columns):
    """Asserts instead of raising ValueError."""
    assert columns >= 1
    return solution.fractal_stats(columns)


@mutant(of="fractal_stats", hint="no columns are refused, and so is any number below 0")
def refuses_only_zero(columns):
    """Refuses 0 and accepts negative numbers."""
    if columns == 0:
        raise ValueError(columns)
    return solution.fractal_stats(max(columns, 1))
