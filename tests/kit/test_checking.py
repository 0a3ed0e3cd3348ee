"""What a student reads: the first thing that is wrong, in the order error, form, arguments, values, memory."""

from __future__ import annotations

import gc
from itertools import count

import matplotlib.pyplot as plt
import numpy as np
import pytest

import coursekit.drawing.plotting  # noqa: F401 - registers how figures are described
from coursekit.checking import FLOAT32, FLOAT64, SOFTMAX, AnyFloat, Case, Tolerance, compare, judge_case, observe_case
from coursekit.observing import CallError, Misuse, Remote, Rng, observe
from coursekit.plain import identical, plain, settle


def failure(function, case: Case, returns=()):
    return judge_case(case, observe(function, case.args, case.kwargs, case.errstate), returns)


X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


@pytest.mark.parametrize(
    ("got", "expected", "nature"),
    [
        (None, X, "returned None, expected an array of shape (2, 3): did you forget `return`?"),
        ((X, None), (X, X), "result[1]: None, expected an array of shape (2, 3)"),
        (X.T, X, "shape (3, 2), expected (2, 3)"),
        (X.astype(np.float32), X, "dtype float32, expected float64"),
        (X * np.nan, X, "nan at [0, 0], expected a finite number"),
        (X + np.eye(2, 3), X, "2 of 6 values differ, the first at [0, 0]"),
        ((X,), (X, X), "1 result, expected 2"),
        (X, (X, X), "returned an array of shape (2, 3), expected 2 results"),
        ({"a": X}, {"b": X}, "returned a dict with keys ['a'], expected a dict with keys ['b']"),
        (True, 1.0, "returned a bool, expected a float"),
        ([1.0], 1.0, "returned a list of 1, expected a float"),
        (
            np.array([[0.25, 0.75]]),
            np.array([[-1.0, 3.0]]),
            f"2 of 2 values differ, the first at [0, 0]; {SOFTMAX}",
        ),
        (np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]), "2 of 2 values differ, the first at [0, 0]"),
        (np.array([1, 2]), np.array([1, 3]), "1 of 2 values differ, the first at [1]"),
    ],
)
def test_first_difference_is_named(got, expected, nature):
    assert compare(got, expected).nature == nature


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1.0, np.float64(1.0)),
        (np.array(2.0), 2.0),
        ([X, X], (X, X)),
        (X.astype(np.float32), AnyFloat(X)),
        (np.array([np.inf]), np.array([np.inf])),
        (X * (1 + 1e-7), X),
        (np.float32([1.0001]), np.float32([1.0])),
    ],
)
def test_harmless_differences_are_none(got, expected):
    assert compare(got, expected) is None


@pytest.mark.parametrize("got", [0.0, 1e300, -np.inf, np.nan])
def test_infinity_is_near_nothing_but_itself(got):
    assert compare(np.array([got]), np.array([np.inf])) is not None


def test_tolerance_is_as_tight_as_it_says():
    tight = Tolerance(0.0, 1e-12, "test")
    assert compare(np.array([1.0 + 2e-12]), np.array([1.0]), tight) is not None
    assert compare(np.array([1.0 + 5e-13]), np.array([1.0]), tight) is None


@pytest.mark.parametrize(("tolerance", "near", "far"), [(FLOAT64, 5e-7, 5e-6), (FLOAT32, 5e-4, 5e-3)])
def test_the_agreed_tolerances_are_those_that_students_read(tolerance, near, far):
    assert compare(100.0 * (1 + near), 100.0, tolerance) is None
    assert compare(100.0 * (1 + far), 100.0, tolerance) is not None


def test_results_are_called_by_their_names():
    assert compare((X, X), (X, X + 1), returns=("dx", "dt")).nature.startswith("dt: 6 of 6")


def in_place(x):
    x += 1
    return x.copy()


def same_memory(x):
    return x[:1]


def explodes(x):
    raise ValueError("no")


def test_order_of_findings():
    case = Case((X,), X + 2)
    assert failure(explodes, case).kind == "error"
    assert failure(lambda x: x.T, case).kind == "shape"
    assert failure(in_place, case).kind == "modified"  # its values are wrong, too
    assert failure(lambda x: x + 1, case).kind == "value"
    assert failure(same_memory, Case((X,), X[:1], fresh=True)).kind == "shared"
    assert failure(same_memory, Case((X,), X[:1])) is None


def test_arguments_survive_the_call_unchanged():
    before = X.copy()
    observe(in_place, (X,))
    np.testing.assert_array_equal(X, before)


def test_argument_changed_inside_a_list_is_noticed():
    def change(layers):
        layers[0][1][:] = 0

    assert observe(change, ([(X, np.ones(3))],)).modified == ("layers",)


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, RecursionError])
def test_exception_of_any_kind_is_an_outcome(raised):
    def function():
        raise raised("why")

    assert observe(function, ()).error.kind == raised.__name__


def test_an_interrupt_is_obeyed_at_once():
    def function():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(function, ())


async def asynchronous(x):
    return x


def generator(x):
    yield x


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (asynchronous, "returned a coroutine: it is defined with `async def`"),
        (generator, "returned a generator: it has a `yield`, or a comprehension in (parentheses)"),
        (lambda x: (v for v in x), "returned a generator: it has a `yield`, or a comprehension in (parentheses)"),
        (lambda x: x.sum, "returned a builtin_function_or_method; expected arrays or numbers"),
        (lambda x: lambda: x, "returned a function: did you forget to call it, with (...)?"),
    ],
)
def test_what_is_no_result_is_told_in_words_and_leaves_no_warning(function, words):
    found = failure(function, Case((X,), X))
    gc.collect()
    assert (found.kind, found.nature) == ("type", words)


def test_nothing_that_is_measured_is_a_forgotten_return():
    case = Case((X,), {"numbers": 2}, measure=lambda value: {"numbers": len(value)})
    found = judge_case(case, observe_case(lambda x: None, case))
    assert (found.kind, found.nature) == ("none", "returned None: did you forget `return`?")


def test_measured_facts_are_compared_in_their_order():
    expected = {"layers": 4, "epsilons": [0.1], "outputs": "logits"}
    case = Case((X,), expected, measure=lambda value: value)
    answers = [{**expected, "layers": 3, "epsilons": []}, {**expected, "epsilons": []}, {**expected, "outputs": "more"}]
    found = [judge_case(case, observe_case(lambda x, answer=answer: answer, case)).nature for answer in answers]
    assert found == ["layers: another value", "epsilons: 0 values, expected 1", "outputs: another value"]


def test_stub_is_told_kindly():
    def stub(x):
        raise NotImplementedError

    assert "not written yet" in failure(stub, Case((X,), X)).nature


def test_errstate_turns_overflow_into_an_error():
    case = Case((np.array([1e4]),), np.array([0.0]), errstate={"over": "raise"})
    assert "FloatingPointError" in failure(lambda x: 1 / np.exp(x), case).nature


def test_property_is_checked_after_the_values():
    case = Case((X,), X, verify=lambda value: "too large" if value.max() > 4 else None)
    assert failure(lambda x: x.copy(), case).nature == "too large"


def test_keras_tensors_count_as_arrays():
    keras = pytest.importorskip("keras")
    assert compare(plain(settle(keras.ops.convert_to_tensor(X))), X) is None


@pytest.mark.parametrize(
    "value", [object(), np.array([None]), np.zeros(2, np.complex128), {1, 2}, b"bytes", "x" and len]
)
def test_unusual_result_is_refused_in_words(value):
    with pytest.raises(TypeError, match="returned a"):
        plain(value)


def test_array_subclass_is_reduced_to_a_plain_array():
    class Equal(np.ndarray):
        def __eq__(self, other):
            return np.ones(self.shape, bool)

    assert type(plain(np.zeros(3).view(Equal))) is np.ndarray
    assert compare(plain(np.zeros(3).view(Equal)), np.ones(3)) is not None


def coins(case: Case, function) -> str:
    found = judge_case(case, observe_case(function, case))
    return found.nature if found else ""


def test_chance_must_come_from_the_given_generator():
    case = Case((Rng(3),), advances=True)

    def half_ours(rng):
        return rng.random(), np.random.default_rng().random()

    assert coins(case, lambda rng: rng.random(4)) == ""
    assert coins(case, lambda rng: np.append(rng.random(), np.nan)) == ""
    assert coins(case, lambda rng: 0.5).startswith("called again with the same random generator")
    assert coins(case, lambda rng: 0.5 + 0 * rng.random()).startswith("called again")  # and threw the number away
    assert "called twice with generators of the same seed, it gave two different results" in coins(case, half_ours)


SERIES = Case(
    (Rng(1),), {"draws": "various"}, measure=lambda values: {"draws": "various" if len(set(values)) > 1 else "one"},
    series=((Rng(2),), (Rng(3),)),
)  # fmt: skip


def _fails_later(rng):
    if rng.integers(1 << 30) != np.random.default_rng(1).integers(1 << 30):
        raise ValueError("not with this one")
    return 0.5


def test_series_of_calls_shows_what_one_call_hides():
    def own_seed(rng):
        rng.random()
        return np.random.default_rng(0).random()

    assert coins(SERIES, lambda rng: rng.random()) == ""
    assert "draws" in coins(SERIES, own_seed)
    assert coins(SERIES, _fails_later).startswith("raised ValueError: not with this one")
    assert coins(SERIES, lambda rng: None).startswith("returned None")
    assert coins(SERIES, lambda rng: np.random.rand()).startswith("drew from NumPy's global")


@pytest.mark.parametrize("one", [{"a": np.float64(np.nan)}, [float("nan"), 1], (np.array([np.nan, 0.0]), "x"), None])
def test_identical_takes_nan_for_nan_and_no_tolerance(one):
    assert identical(plain(one), plain(one))
    assert not identical(plain(one), plain([one]))
    assert not identical(1.0, 1.0 + 1e-15)
    assert not identical(np.zeros(2, np.float32), np.zeros(2))


def test_legend_of_a_figure_counts_for_its_only_panel():
    figure, axes = plt.subplots()
    axes.plot([0, 1], label="loss")
    figure.legend()
    assert plain(figure)["axes"][0]["legend"] == ["loss"]
    plt.close(figure)


@pytest.mark.parametrize("key", ["@", "@@", "@kind"])
def test_dict_that_looks_like_a_description_is_data(key):
    assert plain({key: "figure"}) == {f"@{key}": "figure"}


def test_list_that_is_changed_is_an_argument_that_is_changed():
    assert observe(lambda values: values.sort(), ([3.0, 1.0],)).modified == ("values",)


def test_misuse_of_a_lent_function_fails_the_call_whatever_its_author_catches():
    def predict(x):
        raise Misuse("too many")

    def careful(predict):
        try:
            return predict(1.0)
        except Exception:
            return 0.0

    assert observe(careful, (Remote(predict),)).error == CallError("ValueError", "too many")


def test_underflow_is_welcome_whatever_the_notebook_has_set():
    with np.errstate(all="raise"):
        small = observe(np.exp, [np.array([-1000.0])], errstate={"over": "raise"})
        large = observe(np.exp, [np.array([1000.0])], errstate={"over": "raise"})
    assert small.error is None
    assert large.error is not None and large.error.kind == "FloatingPointError"


NUMBERS = count()


def _seeds(x, rng=None):
    np.random.seed(next(NUMBERS))
    return x + 1


@pytest.mark.parametrize(("arguments", "kind"), [((X,), None), ((X, Rng(0)), "random"), ((X, [Rng(0)]), "random")])
def test_numpys_own_generator_matters_only_where_another_one_is_given(arguments, kind):
    case = Case(arguments, X + 1)
    failed = judge_case(case, observe_case(_seeds, case))
    assert (failed.kind if failed else None) == kind
