"""What the adapters compute, asked through a real child as the extension does it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ALL_FRAMEWORKS, settings_with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sphinx_optviz.frameworks import (
    BUILT_IN,
    FINDER_TEXTS,
    UnknownFrameworkError,
    did_you_mean,
    framework,
    framework_name,
    framework_names,
)
from sphinx_optviz.interpreters import interpreter_of
from sphinx_optviz.points import cell_count, cells_of, columns_of
from sphinx_optviz.processes import Child, Message, Program
from sphinx_optviz.runs import Axis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sphinx_optviz.runs import Operation

Array = np.ndarray[Any, np.dtype[np.float64]]
Axes = list[list[float]]

# Below the first line of each text: what people import, and the name by which the tests call it.
IMPORTS = {
    "numpy": "import math, random; import numpy as np; xp = np",
    "pytorch": "import math, random; import torch; xp = torch",
    "mxnet": "import math, random; import mxnet; from mxnet import npx; xp = mxnet.np",
    "jax": "import math, random; import jax; import jax.numpy as jnp; xp = jnp",
    "tensorflow": "import math, random; import tensorflow as tf; xp = tf",
}
# What is spelt in another way in each of them.
WORDS: dict[str, dict[str, str]] = {
    "numpy": {"float32": "x.astype('float32')", "sum": "x.sum()", "column": "x.reshape(-1, 1)", "log": "xp.log"},
    "pytorch": {"float32": "x.to(torch.float32)", "sum": "x.sum()", "column": "x.reshape(-1, 1)", "log": "xp.log"},
    "mxnet": {"float32": "x.astype('float32')", "sum": "x.sum()", "column": "x.reshape(-1, 1)", "log": "xp.log"},
    "jax": {"float32": "x.astype('float32')", "sum": "x.sum()", "column": "x.reshape(-1, 1)", "log": "xp.log"},
    "tensorflow": {
        "float32": "tf.cast(x, tf.float32)",
        "sum": "tf.reduce_sum(x)",
        "column": "tf.reshape(x, (-1, 1))",
        "log": "tf.math.log",
    },
}
OPERATIONS: list[Operation] = ["values", "gradients", "hessians"]
LINE: Axes = [[-1.5, 1.5, 7]]
PLANE: Axes = [[-1.2, 1.5, 6], [-0.8, 2.0, 5]]
FRAMEWORK_PARAMS = ["numpy", *(pytest.param(name, marks=pytest.mark.framework) for name in ALL_FRAMEWORKS)]


@dataclass(frozen=True)
class Case:
    """A function, and what its value, gradient and Hessian are on paper."""

    code: str
    value: Callable[..., Any]
    gradient: Callable[..., list[Any]]
    hessian: Callable[..., list[list[Any]]]
    axes: list[list[float]]


CASES = {
    "cubic": Case("x**3", lambda x: x**3, lambda x: [3 * x**2], lambda x: [[6 * x]], LINE),
    "line": Case("3 * x - 1", lambda x: 3 * x - 1, lambda x: [3 + 0 * x], lambda x: [[0 * x]], LINE),
    "sine": Case("xp.sin(x)", np.sin, lambda x: [np.cos(x)], lambda x: [[-np.sin(x)]], [[-7.0, 7.0, 29]]),
    "tanh": Case(
        "xp.tanh(x)",
        np.tanh,
        lambda x: [1 / np.cosh(x) ** 2],
        lambda x: [[-2 * np.tanh(x) / np.cosh(x) ** 2]],
        [[-2.0, 5.0, 15]],
    ),
    "x cos pi x": Case(
        "x * xp.cos(math.pi * x)",
        lambda x: x * np.cos(np.pi * x),
        lambda x: [np.cos(np.pi * x) - np.pi * x * np.sin(np.pi * x)],
        lambda x: [[-2 * np.pi * np.sin(np.pi * x) - np.pi**2 * x * np.cos(np.pi * x)]],
        LINE,
    ),
    "far away": Case("x**2", lambda x: x**2, lambda x: [2 * x], lambda x: [[2 + 0 * x]], [[9e3, 1e4, 3]]),
    "saddle": Case(
        "x**2 - y**2",
        lambda x, y: x**2 - y**2,
        lambda x, y: [2 * x, -2 * y],
        lambda x, y: [[2 + 0 * x, 0 * x], [0 * y, -2 + 0 * y]],
        PLANE,
    ),
    "exp xy": Case(
        "xp.exp(x * y)",
        lambda x, y: np.exp(x * y),
        lambda x, y: [y * np.exp(x * y), x * np.exp(x * y)],
        lambda x, y: [
            [y**2 * np.exp(x * y), (1 + x * y) * np.exp(x * y)],
            [(1 + x * y) * np.exp(x * y), x**2 * np.exp(x * y)],
        ],
        PLANE,
    ),
    "Rosenbrock": Case(
        "(1 - x)**2 + 100 * (y - x**2)**2",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        lambda x, y: [-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)],
        lambda x, y: [[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200 + 0 * x]],
        PLANE,
    ),
    "y alone": Case(
        "y**3",
        lambda x, y: y**3 + 0 * x,
        lambda x, y: [0 * x, 3 * y**2],
        lambda x, y: [[0 * x, 0 * x], [0 * x, 6 * y]],
        PLANE,
    ),
}

# The largest error, relative to the exact number or to 1, whichever is larger.
TOLERANCES = {
    ("numpy", "values"): 1e-15,
    ("numpy", "gradients"): 1e-9,
    ("numpy", "hessians"): 1e-6,
    ("pytorch", "values"): 1e-15,
    ("pytorch", "gradients"): 1e-15,
    ("pytorch", "hessians"): 2e-14,
    ("mxnet", "values"): 1e-15,
    ("mxnet", "gradients"): 1e-15,
    ("mxnet", "hessians"): 1e-9,
    ("jax", "values"): 1e-15,
    ("jax", "gradients"): 1e-15,
    ("jax", "hessians"): 2e-14,
    ("tensorflow", "values"): 1e-15,
    ("tensorflow", "gradients"): 1e-15,
    ("tensorflow", "hessians"): 2e-14,
}


def axes_of(axes: Axes) -> list[Axis]:
    return [Axis(name, low, high, int(count)) for name, (low, high, count) in zip("xy", axes, strict=False)]


def points_of(axes: Axes, samples: int) -> dict[str, Any]:
    """The part of a request that says where, as the host sends it: with cells if there are random points."""
    columns = columns_of(axes_of(axes), samples)
    return {
        "points": [column.tobytes() for column in columns],
        "cells": cells_of(axes_of(axes), columns).astype("<i4").tobytes() if samples else b"",
        "cell_count": cell_count(axes_of(axes)),
    }


def errors_in(answer: Message) -> Array | None:
    """How far the numbers of the only array may be off at each point; None if they are exact."""
    assert answer["kind"] == "result", answer
    if not answer["errors"]:
        return None
    ((_, name, data),) = answer["errors"]
    assert name == "f"
    return np.frombuffer(data, dtype="<f8")


@dataclass(frozen=True)
class Asked:
    """A child of one framework."""

    framework: str
    child: Child

    def __call__(
        self,
        code: str,
        operation: Operation = "values",
        axes: Axes = LINE,
        functions: tuple[str, ...] = ("f",),
        samples: int = 0,
    ) -> Message:
        """The answer about *code*, which begins in line 2 of the file ``f.py``."""
        request = {
            "source": f"{IMPORTS[self.framework]}\n{code}",
            "path": "f.py",
            "functions": list(functions),
            "operations": [operation],
            **points_of(axes, samples),
        }
        return self.child.request(request, 30.0)

    def numbers(self, code: str, operation: Operation = "values", axes: Axes = LINE) -> Array:
        return numbers_in(self(code, operation, axes), axes=axes)

    def word(self, name: str) -> str:
        return WORDS[self.framework][name]


def numbers_in(answer: Message, function: str = "f", axes: Axes = LINE) -> Array:
    """One row a point."""
    assert answer["kind"] == "result", answer
    ((operation, data),) = ((operation, data) for operation, name, data in answer["arrays"] if name == function)
    rank = OPERATIONS.index(operation)
    return np.frombuffer(data, dtype="<f8").reshape(-1, *(len(axes),) * rank)


@pytest.fixture(scope="module")
def start(needs: Callable[[str], None]) -> Iterator[Callable[[str], Asked]]:
    """Starts a child of a framework, or skips the test where there is none; all are ended with the last test."""
    children: list[Child] = []

    def start(name: str) -> Asked:
        needs(name)
        child = Child(Program(texts=framework(name).programs(), interpreter=interpreter_of(name, settings_with()).spec))
        children.append(child)
        child.start()
        return Asked(name, child)

    yield start
    for child in children:
        child.end()


@pytest.fixture(scope="module", params=FRAMEWORK_PARAMS)
def ask(request: pytest.FixtureRequest, start: Callable[[str], Asked]) -> Asked:
    """A child of each framework in turn."""
    return start(request.param)


@pytest.fixture(scope="module")
def ask_numpy(start: Callable[[str], Asked]) -> Asked:
    return start("numpy")


@pytest.fixture(scope="module")
def ask_of(start: Callable[[str], Asked]) -> Callable[[str], Asked]:
    """One more child of each framework that is asked for, whose state the tests change."""
    children: dict[str, Asked] = {}

    def ask_of(name: str) -> Asked:
        if name not in children:
            children[name] = start(name)
        return children[name]

    return ask_of


# ---- numbers


def exact(case: Case, operation: str) -> Array:
    """One row a point."""
    points = columns_of(axes_of(case.axes), 0)
    if operation == "values":
        return np.asarray(case.value(*points))
    if operation == "gradients":
        return np.stack(case.gradient(*points), axis=-1)
    return np.stack([np.stack(row, axis=-1) for row in case.hessian(*points)], axis=-2)


def arguments(axes: Axes) -> str:
    return ", ".join("xy"[: len(axes)])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_formula(ask: Asked, name: str, operation: Operation) -> None:
    case = CASES[name]
    answer = ask(f"def f({arguments(case.axes)}): return {case.code}", operation, case.axes)
    found, expected = numbers_in(answer, axes=case.axes), exact(case, operation)
    assert found.shape == expected.shape
    error = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    assert error.max() <= TOLERANCES[ask.framework, operation]
    assert answer["dtypes"] == [["f", "float64"]]


def largest_in_rows(numbers: Array) -> Array:
    """One number a point."""
    found: Array = np.abs(numbers).reshape(len(numbers), -1).max(axis=1)
    return found


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_exact_or_their_error_is_told_and_bounds_it(ask: Asked, name: str, operation: Operation) -> None:
    case = CASES[name]
    answer = ask(f"def f({arguments(case.axes)}): return {case.code}", operation, case.axes)
    errors = errors_in(answer)
    if (ask.framework, operation) in DIFFERENCES:
        expected = exact(case, operation)
        assert errors is not None
        assert errors.shape == (len(expected),)
        assert (errors > 0).all()
        off = largest_in_rows(numbers_in(answer, axes=case.axes) - expected)
        assert (off <= errors + ROUNDING * np.abs(expected).max()).all()
        assert errors.max() <= 1e-4 * max(1, np.abs(expected).max()), "a bound that is larger says nothing"
    else:
        assert errors is None


METHODS = {
    ("numpy", "gradients"): "central differences of sixth order",
    ("numpy", "hessians"): "central differences of sixth order",
    ("pytorch", "gradients"): "torch.autograd",
    ("pytorch", "hessians"): "torch.autograd",
    ("mxnet", "gradients"): "mxnet.autograd",
    ("mxnet", "hessians"): "central differences of sixth order of mxnet.autograd's gradients",
    ("jax", "gradients"): "jax.grad",
    ("jax", "hessians"): "jax.grad",
    ("tensorflow", "gradients"): "tf.GradientTape",
    ("tensorflow", "hessians"): "tf.GradientTape",
}
DIFFERENCES = [place for place, method in METHODS.items() if "differences" in method]
# Relative to the largest exact number: that one is rounded too.
ROUNDING = 1e-14


@pytest.mark.parametrize("operation", OPERATIONS)
def test_result_says_how_derivatives_were_taken(ask: Asked, operation: Operation) -> None:
    expected = [] if operation == "values" else [[operation, METHODS[ask.framework, operation]]]
    assert ask("def f(x): return x", operation)["methods"] == expected


def test_all_operations_may_be_asked_for_at_once(ask: Asked) -> None:
    code = f"{IMPORTS[ask.framework]}\ndef f(x, y): return x**2 * y\ndef g(x, y): return x + 0 * y"
    request = {
        "source": code,
        "path": "f.py",
        "functions": ["f", "g"],
        "operations": ["values", "gradients", "hessians"],
        **points_of(PLANE, 5),
    }
    answer = ask.child.request(request, 30.0)
    places = [(operation, name) for operation, name, _ in answer["arrays"]]
    assert sorted(places) == sorted((operation, name) for operation in OPERATIONS for name in "fg")
    sizes = {operation: len(data) // 8 for operation, _, data in answer["arrays"]}
    assert sizes == {"values": 35, "gradients": 70, "hessians": 140}
    assert [operation for operation, _ in answer["methods"]] == ["gradients", "hessians"]
    assert answer["dtypes"] == [["f", "float64"], ["g", "float64"]]
    assert answer["seconds"] >= 0


def test_version_is_the_frameworks_own_without_its_build(ask: Asked) -> None:
    numbers = ask.child.version.split(".")
    assert len(numbers) >= 3
    assert numbers[0].isdigit()
    assert "+" not in ask.child.version


def test_hessian_is_symmetric(ask: Asked) -> None:
    hessian = ask.numbers("def f(x, y): return xp.sin(x * y**2) + x * y", "hessians", PLANE)
    np.testing.assert_allclose(hessian, hessian.swapaxes(-1, -2), rtol=1e-14, atol=1e-14)


def test_several_functions_of_a_file_are_computed_and_may_call_each_other(ask: Asked) -> None:
    code = "def g(x): return 2 * f(x)\ndef f(x): return x**2\ndef h(x): raise ValueError"
    answer = ask(code, functions=("f", "g"))
    assert [name for _, name, _ in answer["arrays"]] == ["f", "g"]
    np.testing.assert_array_equal(numbers_in(answer, "g"), 2 * numbers_in(answer, "f"))


def test_lower_precision_is_said_of_each_function_and_its_numbers_are_kept(ask: Asked) -> None:
    answer = ask(f"def f(x): return {ask.word('float32')}\ndef g(x): return x", functions=("f", "g"))
    assert answer["dtypes"] == [["f", "float32"], ["g", "float64"]]
    np.testing.assert_array_equal(numbers_in(answer), np.linspace(-1.5, 1.5, 7).astype(np.float32))


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_derivatives_of_what_is_computed_in_lower_precision_are_taken_all_the_same(
    ask: Asked, operation: Operation
) -> None:
    answer = ask(f"def f(x): return ({ask.word('float32')})**2", operation)
    assert answer["dtypes"] == [["f", "float32"]]
    found = numbers_in(answer)
    expected = 2 * np.linspace(-1.5, 1.5, 7)[:, None] if operation == "gradients" else np.full((7, 1, 1), 2.0)
    errors = errors_in(answer)
    assert (largest_in_rows(found - expected) <= (0.0 if errors is None else errors) + 1e-6).all()


def test_each_function_gets_its_own_points(ask: Asked) -> None:
    """Code that works in place changes nothing for the next function."""
    code = "def f(x):\n    x *= 2\n    return x\ndef g(x): return x"
    np.testing.assert_array_equal(numbers_in(ask(code, functions=("f", "g")), "g"), np.linspace(-1.5, 1.5, 7))


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_derivatives_of_code_that_works_in_place_are_right_or_an_error(ask: Asked, operation: Operation) -> None:
    """PyTorch and MXNet refuse to change what they differentiate by; no wrong number may come out of any."""
    answer = ask("def f(x, y):\n    y *= 2\n    return x * y**2", operation, PLANE)
    if answer["kind"] == "failure":
        assert ask.framework in ("pytorch", "mxnet")
        assert answer["line"] == 3
        return
    x, y = columns_of(axes_of(PLANE), 0)
    gradient = np.stack([4 * y**2, 8 * x * y], axis=-1)
    hessian = np.stack([np.stack([0 * x, 8 * y], axis=-1), np.stack([8 * y, 8 * x], axis=-1)], axis=-2)
    expected = gradient if operation == "gradients" else hessian
    np.testing.assert_allclose(numbers_in(answer, axes=PLANE), expected, atol=1e-6)


def test_result_that_is_changed_in_place_has_right_derivatives_or_an_error(ask: Asked) -> None:
    answer = ask("def f(x):\n    y = x**2\n    y *= 3\n    return y", "gradients")
    if answer["kind"] == "failure":
        assert (ask.framework, answer["line"]) == ("mxnet", 4)
    else:
        np.testing.assert_allclose(numbers_in(answer), 6 * np.linspace(-1.5, 1.5, 7)[:, None], atol=1e-9)


# ---- where a function has no derivative, or no value


KINKED: dict[str, tuple[str, Callable[[Array], Any], Axes]] = {
    "abs": ("abs(x)", np.sign, [[-1.5, 1.5, 6]]),
    "relu": ("xp.maximum(x, 0 * x)", lambda x: (x > 0) * 1.0, [[-1.5, 1.5, 6]]),
    "where": ("xp.where(x < 0, x**2, 3 * x)", lambda x: np.where(x < 0, 2 * x, 3), [[-1.5, 1.5, 6]]),
    "clip": ("xp.minimum(xp.maximum(x, -1 + 0 * x), 1 + 0 * x)", lambda x: (abs(x) < 1) * 1.0, [[-1.5, 1.5, 6]]),
    "root": ("xp.sqrt(xp.abs(x))", lambda x: np.sign(x) / (2 * np.sqrt(np.abs(x))), [[-1.5, 1.5, 6]]),
}


@pytest.mark.parametrize("name", KINKED)
def test_derivatives_beside_a_kink_are_those_of_the_branch(ask: Asked, name: str) -> None:
    code, derivative, axes = KINKED[name]
    found = ask.numbers(f"def f(x): return {code}", "gradients", axes)
    np.testing.assert_allclose(found[:, 0], derivative(np.linspace(-1.5, 1.5, 6)), rtol=1e-12, atol=1e-12)


def test_derivatives_beside_the_kink_of_two_variables_are_those_of_the_branch(ask: Asked) -> None:
    found = ask.numbers("def f(x, y): return xp.maximum(x**2, y)", "gradients", PLANE)
    x, y = columns_of(axes_of(PLANE), 0)
    expected = np.stack([np.where(x**2 > y, 2 * x, 0), np.where(x**2 > y, 0, 1)], axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_points_without_a_finite_value_are_counted_and_the_first_is_named(ask: Asked) -> None:
    answer = ask("\n\ndef f(x): return 1 / xp.where(abs(x) < 0.6, 0 * x, x)\ndef g(x): return x", functions=("f", "g"))
    assert answer["non_finite"] == [["f", 3, 7, [-0.5], 4]]
    assert np.isinf(numbers_in(answer)).tolist() == [False, False, True, True, True, False, False]


def test_point_without_a_finite_value_is_named_by_all_its_coordinates(ask: Asked) -> None:
    answer = ask("def f(x, y): return xp.sqrt(y - 1.5) + 0 * x", axes=[[2.0, 3.0, 2], [1.0, 2.0, 5]])
    assert answer["non_finite"] == [["f", 4, 10, [2.0, 1.0], 2]]


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_point_without_a_value_spoils_the_derivatives_of_no_other(ask: Asked, operation: Operation) -> None:
    found = ask.numbers(f"def f(x): return {ask.word('log')}(x)", operation, [[-2.0, 2.0, 9]])[5:].ravel()
    x = np.linspace(-2.0, 2.0, 9)[5:]
    np.testing.assert_allclose(found, 1 / x if operation == "gradients" else -1 / x**2, rtol=1e-6)


def test_derivatives_at_points_without_a_value_are_no_reason_to_fail(ask: Asked) -> None:
    for operation in ("gradients", "hessians"):
        for code in (f"{ask.word('log')}(x)", "xp.sqrt(x)", "1 / x", "xp.exp(1000 * x)", "x * float('nan')"):
            answer = ask(f"def f(x): return {code}", operation, [[-2.0, 2.0, 9]])
            assert answer["kind"] == "result"
            errors, found = errors_in(answer), largest_in_rows(numbers_in(answer))
            # Nobody may take a number there for a right one.
            assert errors is None or not (np.isfinite(errors) & ~np.isfinite(found)).any()


# ---- every run begins in the same state


DISTURBANCES = [
    ("pytorch", "torch.set_default_dtype(torch.float32)", "torch.tensor(math.pi) * x", "math.pi * x"),
    ("pytorch", "torch.set_grad_enabled(False)", "math.pi * x", "math.pi * x"),
    ("pytorch", "torch.set_default_device('meta')", "0 * x + torch.ones(7)", "0 * x + 1"),
    ("mxnet", "npx.reset_np()", "x * xp.array(math.pi, dtype='float64')", "math.pi * x"),
    ("mxnet", "npx.set_np(shape=False, array=False)", "xp.multiply(x, math.pi)", "math.pi * x"),
    ("jax", "jax.config.update('jax_enable_x64', False)", "jnp.asarray(math.pi) * x", "math.pi * x"),
    (
        "jax",
        "jax.config.update('jax_debug_nans', True)",
        "math.pi * x + 0 * jnp.where(x > 9, jnp.nan, x)",
        "math.pi * x",
    ),
    ("jax", "jax.config.update('jax_numpy_dtype_promotion', 'strict')", "x * jnp.float32(1) * math.pi", "math.pi * x"),
    (
        "tensorflow",
        "tf.debugging.enable_check_numerics()",
        "math.pi * x + tf.stop_gradient(tf.where(x > 9, x / 0, 0 * x))",
        "math.pi * x",
    ),
    ("numpy", "np.seterr(all='raise')", "np.where(x > 9, 1 / (0 * x), math.pi * x)", "math.pi * x"),
    ("tensorflow", "tf.config.run_functions_eagerly(True)", "tf.function(lambda a: math.pi * a)(x)", "math.pi * x"),
    ("tensorflow", "tf.keras.backend.set_floatx('float16')", "math.pi * x", "math.pi * x"),
]


@pytest.mark.parametrize(
    ("name", "disturb", "code", "expected"),
    [
        pytest.param(*item, marks=[pytest.mark.framework] if item[0] != "numpy" else [], id=f"{item[0]}: {item[1]}")
        for item in DISTURBANCES
    ],
)
def test_state_that_code_changes_is_put_back(
    ask_of: Callable[[str], Asked], name: str, disturb: str, code: str, expected: str
) -> None:
    asked = ask_of(name)
    assert asked(f"{disturb}\ndef f(x): return x")["kind"] in ("result", "failure")
    x = np.linspace(-1.5, 1.5, 7)
    wanted = eval(expected, {"x": x, "math": math})
    answer = asked(f"def f(x): return {code}")
    assert answer["dtypes"] == [["f", "float64"]]
    np.testing.assert_allclose(numbers_in(answer), wanted, rtol=1e-15)
    if "ones" not in code:
        np.testing.assert_allclose(asked.numbers(f"def f(x): return {code}", "gradients"), math.pi, rtol=1e-9)


@pytest.mark.parametrize("noise", ["random.random()", "np.random.rand(7)", "np.random.standard_normal(7)"])
def test_random_code_gives_the_same_numbers_each_time(ask: Asked, noise: str) -> None:
    wrap = {"pytorch": "torch.as_tensor", "mxnet": "xp.array", "jax": "jnp.asarray", "tensorflow": "tf.constant"}
    array = f"{wrap.get(ask.framework, '')}({noise})"
    more = ", dtype='float64')" if ask.framework in ("mxnet", "tensorflow") else ")"
    code = f"import numpy as np\ndef f(x): return 0 * x + {array[:-1]}{more}"
    np.testing.assert_array_equal(ask.numbers(code), ask.numbers(code))


@pytest.mark.framework
def test_denormal_numbers_are_computed_with_again(ask_of: Callable[[str], Asked]) -> None:
    asked = ask_of("pytorch")
    assert asked("torch.set_flush_denormal(True)\ndef f(x): return x")["kind"] == "result"
    assert (asked.numbers("def f(x): return 0 * x + torch.tensor(1e-300) * 1e-10") > 0).all()


@pytest.mark.framework
def test_tensorflow_that_was_switched_to_graphs_is_replaced(start: Callable[[str], Asked]) -> None:
    asked = start("tensorflow")
    answer = asked("import tensorflow as tf\ntf.compat.v1.disable_eager_execution()\ndef f(x): return x")
    assert answer.get("spoilt") is True


NOISES = [
    ("pytorch", "torch.rand(7)"),
    ("pytorch", "torch.randn_like(x)"),
    ("tensorflow", "tf.random.get_global_generator().normal([7], dtype='float64')"),
    ("mxnet", "xp.random.uniform(size=(7,)).astype('float64')"),
    ("mxnet", "xp.random.normal(size=(7,)).astype('float64')"),
    ("jax", "jax.random.normal(jax.random.key(1), (7,))"),
    ("tensorflow", "tf.random.uniform((7,), dtype=tf.float64)"),
    ("tensorflow", "tf.random.normal((7,), dtype=tf.float64)"),
]


@pytest.mark.framework
@pytest.mark.parametrize(("name", "noise"), NOISES, ids=lambda value: value)
def test_random_numbers_of_a_framework_are_the_same_each_time(
    ask_of: Callable[[str], Asked], name: str, noise: str
) -> None:
    asked = ask_of(name)
    code = f"def f(x): return 0 * x + {noise}"
    first = asked.numbers(code)
    np.testing.assert_array_equal(asked.numbers(code), first)
    assert len(set(first)) == 7


def test_names_of_one_run_are_unknown_in_the_next(ask: Asked) -> None:
    ask("secret = 1\ndef f(x): return x")
    assert ask("def f(x): return x + secret")["message"] == "NameError: name 'secret' is not defined"


def test_code_can_ask_for_its_file_and_is_not_the_main_program(ask: Asked) -> None:
    code = "def f(x): return 0 * x + float(__file__ == 'f.py') + 2 * float(__name__ == '__main__')"
    assert (ask.numbers(code) == 1).all()


@pytest.mark.parametrize(
    "code",
    [
        "np.cos = np.sin",
        "import builtins; builtins.abs = float",
        "math.pi = 3",
        "del math.tau",
        "import os; os.chdir('/')",
        "random.seed = print",
        "def f(x):\n    np.add = None\n    return x",
        "np.cos = None\n1 / 0",
    ],
)
def test_code_that_changes_what_others_use_is_told_so_that_its_child_is_replaced(code: str) -> None:
    child = Child(Program(texts=BUILT_IN["numpy"].programs()))
    child.start()
    asked = Asked("numpy", child)
    try:
        assert asked("def f(x): return np.cos(x) + math.pi").get("spoilt") is None
        assert asked(f"{code}\ndef f(x): return x" if "def f" not in code else code).get("spoilt") is True
    finally:
        child.end()


def test_ordinary_code_leaves_its_child_as_it_was(ask: Asked) -> None:
    codes = [
        "def f(x): return xp.tanh(x) + xp.exp(-x**2) + math.e",
        "import statistics, numpy.linalg, numpy.fft\ndef f(x): return x * numpy.linalg.norm([3, 4])",
        "cos = None\ndef print(x): return x\ndef f(x): return print(x)",
        "1 / 0",
        "def f(x): return None",
    ]
    answers = [ask(code, operation) for code in codes for operation in ("values", "hessians")]
    assert [answer["kind"] for answer in answers] == ["result"] * 6 + ["failure"] * 4
    assert [answer.get("spoilt") for answer in answers] == [None] * 10


# ---- constants


CONSTANTS = [
    ("numpy", "np.ones(30)"),
    ("numpy", "np.ones(30, dtype=int)"),
    ("pytorch", "torch.ones(30)"),
    ("pytorch", "torch.full((30,), 3.0)"),
    ("pytorch", "torch.ones(30, requires_grad=True)"),
    ("pytorch", "x.detach()"),
    ("pytorch", "torch.ones(30, dtype=torch.int64)"),
    ("mxnet", "xp.ones(30, dtype='float64')"),
    ("mxnet", "x.detach()"),
    ("jax", "jnp.ones(30)"),
    ("jax", "jax.lax.stop_gradient(x)"),
    ("tensorflow", "tf.ones(30, dtype=tf.float64)"),
    ("tensorflow", "tf.stop_gradient(x)"),
    ("tensorflow", "tf.zeros_like(x) + 3"),
]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param(name, body, marks=[pytest.mark.framework] if name != "numpy" else [], id=f"{name}: {body}")
        for name, body in CONSTANTS
    ],
)
@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_constants_have_derivatives_of_zero(
    ask_of: Callable[[str], Asked], operation: Operation, name: str, body: str
) -> None:
    derivatives = ask_of(name).numbers(f"def f(x, y): return {body}", operation, PLANE)
    assert derivatives.shape == ((30, 2) if operation == "gradients" else (30, 2, 2))
    assert not derivatives.any()


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
@pytest.mark.parametrize(("body", "by"), [("x**2", 0), ("y**2", 1), ("0 * x + 2", None)])
def test_variables_that_a_function_does_not_use_have_derivatives_of_zero(
    ask: Asked, operation: Operation, body: str, by: int | None
) -> None:
    found = ask.numbers(f"def f(x, y): return {body}", operation, PLANE)
    expected = np.zeros_like(found)
    if by is not None:
        index = (..., by) if operation == "gradients" else (..., by, by)
        expected[index] = 2 * columns_of(axes_of(PLANE), 0)[by] if operation == "gradients" else 2
    np.testing.assert_allclose(found, expected, atol=1e-7)


# ---- differences


# MXNet takes no denormal numbers.
NUMBER = st.integers(-400, 400).map(lambda number: number / 100)
WAVES = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER), min_size=1, max_size=4)


def wave_code(waves: list[tuple[float, ...]], variables: int) -> str:
    terms = [f"{a!r} * xp.sin({u!r} * x + {v!r} * {'y' if variables == 2 else 1} + {p!r})" for a, u, v, p in waves]
    return f"def f({', '.join('xy'[:variables])}): return {' + '.join(terms)}"


def wave_derivatives(waves: list[tuple[float, ...]], columns: list[Array], operation: str) -> Array:
    total = np.zeros((columns[0].size, *(len(columns),) * (1 if operation == "gradients" else 2)))
    for a, u, v, p in waves:
        slopes = np.array([u, v][: len(columns)])
        inner = u * columns[0] + v * (columns[1] if len(columns) == 2 else 1) + p
        if operation == "gradients":
            total += a * np.cos(inner)[:, None] * slopes
        else:
            total -= a * np.sin(inner)[:, None, None] * np.outer(slopes, slopes)
    return total


@pytest.fixture(scope="module", params=["numpy", pytest.param("mxnet", marks=pytest.mark.framework)])
def ask_differences(request: pytest.FixtureRequest, start: Callable[[str], Asked]) -> Asked:
    """A child of each framework that takes differences."""
    return start(request.param)


@pytest.mark.parametrize("axes", [LINE, PLANE], ids=["one-variable", "two-variables"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waves=WAVES, offset=st.sampled_from([0.0, 1.0, -1e3, 1e6]), operation=st.sampled_from(["gradients", "hessians"]))
def test_stated_error_of_differences_bounds_the_error_for_any_smooth_function(
    ask_differences: Asked, axes: Axes, waves: list[tuple[float, ...]], offset: float, operation: Operation
) -> None:
    answer = ask_differences(f"{wave_code(waves, len(axes))} + {offset!r}", operation, axes, samples=50)
    columns = columns_of(axes_of(axes), 50)
    expected = wave_derivatives(waves, columns, operation)
    found = numbers_in(answer, axes=axes)
    errors = errors_in(answer)
    if errors is None:
        assert (ask_differences.framework, operation) == ("mxnet", "gradients")
        return
    scale = sum(abs(a) * max(1, abs(u), abs(v)) ** 2 for a, u, v, _ in waves)
    assert (largest_in_rows(found - expected) <= errors + ROUNDING * scale).all()
    limits = {("numpy", "gradients"): 1e-7, ("numpy", "hessians"): 1e-3, ("mxnet", "hessians"): 1e-6}
    if offset < 1e6:
        limit = limits[ask_differences.framework, operation] * max(scale, abs(offset), 1e-300)
        assert np.median(errors) <= limit


@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_stated_error_of_differences_bounds_the_error_where_a_function_is_steep(
    ask_differences: Asked, operation: Operation
) -> None:
    """At a few points only: what is typical of the others says nothing of them."""
    axes: Axes = [[-1.5, 1.5, 301]]
    answer = ask_differences("def f(x): return xp.exp(-(30 * x)**2)", operation, axes, samples=200)
    errors = errors_in(answer)
    if errors is None:
        assert (ask_differences.framework, operation) == ("mxnet", "gradients")
        return
    (x,) = columns_of(axes_of(axes), 200)
    bell = np.exp(-((30 * x) ** 2))
    expected = -1800 * x * bell if operation == "gradients" else ((1800 * x) ** 2 - 1800) * bell
    off = np.abs(numbers_in(answer, axes=axes).ravel() - expected)
    assert (off <= errors + ROUNDING * np.abs(expected).max()).all()


# ---- failures


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "result",
    [
        "None",
        "3.0",
        "{sum}",
        "x[:-1]",
        "{column}",
        "xp.stack([x, x])",
        "x * 1j",
        "x > 0",
        "'text'",
        "[]",
        "[x]",
        "(x, x)",
    ],
)
def test_result_that_is_not_one_real_number_a_point_is_a_failure_at_the_function(
    ask: Asked, result: str, operation: Operation
) -> None:
    body = result.format(sum=ask.word("sum"), column=ask.word("column"))
    answer = ask(f"\n\ndef f(x): return {body}", operation)
    assert (answer["kind"], answer.get("line")) == ("failure", 4)
    assert answer["message"]


HINTS = [
    ("{column}", "(7, 1)", "; it has one axis too many: remove it with reshape(-1)"),
    (
        "{column} + x",
        "(7, 7)",
        "; the points of one variable were combined with all points of the other: the arrays are no grid",
    ),
    ("{sum}", "()", "; a constant has to become an array, as in 0 * x + 1"),
    ("x[:3]", "(3,)", ""),
]


@pytest.mark.parametrize(("body", "shape", "hint"), HINTS, ids=[item[1] for item in HINTS])
def test_wrong_result_is_explained(ask: Asked, body: str, shape: str, hint: str) -> None:
    code = body.format(sum=ask.word("sum"), column=ask.word("column"))
    message = ask(f"def f(x): return {code}")["message"]
    assert message == (
        f"ValueError: f returned an array of shape {shape} and type float64 for 7 points; "
        f"it must work elementwise and return real numbers of shape (7,){hint}"
    )


@pytest.fixture(scope="module")
def evaluate() -> dict[str, Any]:
    """What the child's ``evaluate.py`` defines, here."""
    space: dict[str, Any] = {"__name__": "__optviz__"}
    exec(dict(BUILT_IN["numpy"].programs())["evaluate.py"], space)
    return space


@pytest.mark.parametrize(
    ("shape", "wanted", "hint"),
    [
        ((), (7,), "a constant has to become an array"),
        ((7, 1), (7,), "one axis too many"),
        ((1, 7), (7,), "one axis too many"),
        ((7, 7), (7,), "the arrays are no grid"),
        ((2, 7), (7, 2), "it is the transpose of that"),
        ((2, 7), (7,), ""),
        ((8,), (7,), ""),
        ((0,), (7,), ""),
    ],
)
def test_hints_for_wrong_shapes(
    evaluate: dict[str, Any], shape: tuple[int, ...], wanted: tuple[int, ...], hint: str
) -> None:
    found = evaluate["hint"](shape, wanted)
    assert hint in found
    assert bool(found) == bool(hint)


@pytest.mark.parametrize("name", ["gradients", "hessians"])
def test_shape_that_an_adapter_gets_wrong_is_told_of_the_derivative(evaluate: dict[str, Any], name: str) -> None:
    wanted = (7, 2) if name == "gradients" else (7, 2, 2)
    with pytest.raises(ValueError, match=f"the {name[:-1]} of f returned an array of shape .* it is the transpose"):
        evaluate["check"]("f", name, np.zeros(wanted[::-1]), wanted)


EXPECTED = {
    "pytorch": "expected a torch.Tensor from the function, got ",
    "mxnet": "expected an mxnet.np.ndarray from the function, got ",
    "jax": "expected a jax.Array from the function, got ",
    "tensorflow": "expected a tf.Tensor from the function, got ",
}


@pytest.mark.framework
@pytest.mark.parametrize("name", ALL_FRAMEWORKS)
@pytest.mark.parametrize("function", ["lambda x: 3.0", "functools.partial(lambda a, x: 3.0, 1)", "Callable()"])
def test_result_that_is_not_the_frameworks_own_is_explained_whatever_the_function_is(
    ask_of: Callable[[str], Asked], name: str, function: str
) -> None:
    code = f"import functools\nclass Callable:\n    def __call__(self, x): return 3.0\nf = {function}"
    assert ask_of(name)(code)["message"] == f"TypeError: {EXPECTED[name]}float"


@pytest.mark.framework
@pytest.mark.parametrize("name", ALL_FRAMEWORKS)
def test_array_of_numpy_in_place_of_the_frameworks_own_is_explained(ask_of: Callable[[str], Asked], name: str) -> None:
    """It would have no derivatives."""
    answer = ask_of(name)("import numpy\ndef f(x): return numpy.ones(7)")
    assert answer["message"] == f"TypeError: {EXPECTED[name]}ndarray"


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("def f(x):\n    return x + missing", 3, "NameError: name 'missing' is not defined"),
        ("def g(x):\n    raise ValueError('deep')\ndef f(x):\n    return g(x)", 3, "ValueError: deep"),
        ("import optviz_test_gone", 2, "ModuleNotFoundError: No module named 'optviz_test_gone'"),
        ("\n\n1 / 0", 4, "ZeroDivisionError: division by zero"),
        ("def f(x):\n    return (x", 3, "SyntaxError: '(' was never closed"),
        ("def f(x):\n\treturn x\n        return x", 4, "TabError: inconsistent use of tabs and spaces in indentation"),
        ("raise SystemExit(3)", 2, "SystemExit: 3"),
        ("def f(x): raise KeyboardInterrupt", 2, "KeyboardInterrupt"),
        ("def f(x): return f(x)", 2, "RecursionError: maximum recursion depth exceeded"),
        ("def f(x, y): return x", 2, "TypeError: f() missing 1 required positional argument: 'y'"),
        ("def f(x): raise ValueError('one\\ntwo')", 2, "ValueError: one"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) and ":" in value[:30] else "",
)
@pytest.mark.parametrize("operation", ["values", "hessians"])
def test_error_in_the_code_is_a_failure_at_its_line(
    ask: Asked, operation: Operation, code: str, line: int, message: str
) -> None:
    answer = ask(code, operation)
    assert (answer["kind"], answer["line"]) == ("failure", line)
    assert answer["message"].startswith(message)


def test_error_of_a_type_that_takes_no_attributes_is_told_as_it_is(ask: Asked) -> None:
    code = (
        "class Odd(Exception):\n    def __setattr__(self, name, value): raise AttributeError(name)\n"
        "def f(x):\n    raise Odd('odd')"
    )
    assert ask(code)["message"].endswith("Odd: odd")


def test_traceback_shows_the_code_even_where_its_file_is_not(ask: Asked) -> None:
    details = ask("def f(x):\n    return x + missing")["details"]
    assert 'File "f.py", line 3, in f\n    return x + missing' in details


@pytest.mark.parametrize("definition", ["", "f = 3"])
def test_function_that_is_not_defined_is_a_failure_that_names_it(ask: Asked, definition: str) -> None:
    answer = ask(definition)
    assert answer["kind"] == "failure"
    assert "defines no function 'f'" in answer["message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_failure_does_not_spoil_the_next_run(ask: Asked, operation: Operation) -> None:
    ask("def f(x): return x * xp.nothing", operation)
    assert ask(f"def f(x): return {CASES['cubic'].code}", operation)["kind"] == "result"


# ---- the table


def test_built_in_frameworks_are_named_after_their_adapters() -> None:
    assert [*BUILT_IN] == ["pytorch", "mxnet", "jax", "tensorflow", "numpy"]
    for name, known in BUILT_IN.items():
        assert (known.name, known.adapter.name) == (name, f"{name}.py")
        assert known.adapter.is_file()
        finder = [f"{name}.py" for name in FINDER_TEXTS]
        shared = ["differences.py", "noise.py", "evaluate.py", *finder]
        assert [text for text, _ in known.programs()] == [*shared, f"{name}.py"]
        assert framework(name) is known


def test_did_you_mean_names_the_nearest_or_all() -> None:
    assert did_you_mean("PyTorh", list(BUILT_IN)) == "Did you mean 'pytorch'?"
    assert did_you_mean("R", ["jax", "numpy"]) == "There are: jax, numpy."


@pytest.mark.parametrize(("value", "name"), [("jax", "jax"), (" PyTorch\n", "pytorch"), ("TENSORFLOW", "tensorflow")])
def test_name_of_a_framework_may_be_spelt_like_its_label(value: str, name: str) -> None:
    assert framework_name(value) == name


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tensorflo", "unknown framework 'tensorflo'. Did you mean 'tensorflow'?"),
        ("", "unknown framework ''. There are: pytorch, mxnet, jax, tensorflow, numpy."),
        (3, "unknown framework 3. There are: pytorch, mxnet, jax, tensorflow, numpy."),
        (None, "unknown framework None. There are: pytorch, mxnet, jax, tensorflow, numpy."),
    ],
)
def test_what_is_no_framework_is_explained(value: object, message: str) -> None:
    with pytest.raises(UnknownFrameworkError) as caught:
        framework_name(value)
    assert str(caught.value) == message


# ---- frameworks of other packages

ADAPTER = """\
import numpy

METHODS = {"gradients": "by hand", "hessians": "by hand"}

def version():
    return "7.1"

def prepare():
    pass

def values(f, columns):
    return numpy.asarray(f(*(list(column) for column in columns)))

def gradients(f, columns):
    return numpy.ones((len(columns[0]), len(columns))), 0.25 * numpy.ones(len(columns[0]))

def hessians(f, columns):
    return numpy.zeros((len(columns[0]), len(columns), len(columns))), None
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Installs a distribution with one framework, whose module holds *code*; returns the folder of its package."""
    framework.cache_clear()

    def install(code: str, *, name: str = "lists", entry: str = "optviz_test_lists:FRAMEWORK") -> Path:
        info = tmp_path / "lists-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lists\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[sphinx_optviz.frameworks]\n{name} = {entry}\n", encoding="utf-8")
        package = tmp_path / "optviz_test_lists"
        package.mkdir()
        (package / "__init__.py").write_text(code, encoding="utf-8")
        (package / "adapter.py").write_text(ADAPTER, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "optviz_test_lists", raising=False)
        return package

    yield install
    framework.cache_clear()


OTHER = """\
from pathlib import Path
from sphinx_optviz.frameworks import Framework
FRAMEWORK = Framework(name="lists", label="Lists", module="json", adapter=Path(__file__).parent / "adapter.py")
"""


def test_framework_of_another_package_is_found_by_its_name(install: Callable[..., Path]) -> None:
    package = install(OTHER)
    found = framework("lists")
    assert (found.label, found.module, found.adapter) == ("Lists", "json", package / "adapter.py")
    assert framework_names() == [*BUILT_IN, "lists"]
    assert framework_name(" Lists ") == "lists"
    assert framework("lists") is found


def test_framework_of_another_package_runs(install: Callable[..., Path]) -> None:
    install(OTHER)
    child = Child(Program(texts=framework("lists").programs()))
    child.start()
    try:
        assert child.version == "7.1"
        request = {
            "source": "def f(x): return [2 * a for a in x]",
            "path": "f.py",
            "functions": ["f"],
            "operations": OPERATIONS,
            **points_of(LINE, 0),
        }
        answer = child.request(request, 30.0)
    finally:
        child.end()
    assert answer["errors"] == [["gradients", "f", np.full(7, 0.25).tobytes()]]
    assert answer["methods"] == [["gradients", "by hand"], ["hessians", "by hand"]]
    np.testing.assert_array_equal(np.frombuffer(answer["arrays"][0][2]), np.linspace(-3, 3, 7))


def test_framework_that_is_built_in_cannot_be_replaced(install: Callable[..., Path]) -> None:
    install(OTHER.replace('"lists"', '"jax"'), name="jax")
    assert framework("jax") is BUILT_IN["jax"]
    assert framework_names() == list(BUILT_IN)


@pytest.mark.parametrize(
    ("code", "entry", "message"),
    [
        ("raise RuntimeError('broken')", "optviz_test_lists:FRAMEWORK", "cannot be loaded: RuntimeError: broken"),
        ("FRAMEWORK = 3", "optviz_test_lists:FRAMEWORK", "must lead to a Framework"),
        ("x = 3", "optviz_test_lists:FRAMEWORK", "cannot be loaded: AttributeError"),
        (OTHER, "optviz_test_gone:FRAMEWORK", "cannot be loaded: ModuleNotFoundError"),
        (OTHER.replace('"lists"', '"list"'), "optviz_test_lists:FRAMEWORK", "must lead to a Framework with this name"),
        (OTHER.replace("adapter.py", "gone.py"), "optviz_test_lists:FRAMEWORK", "and with an adapter file"),
    ],
    ids=["raises", "no-framework", "no-name", "no-module", "another-name", "no-adapter"],
)
def test_framework_of_another_package_that_is_broken_is_told_by_its_entry_point(
    install: Callable[..., Path], code: str, entry: str, message: str
) -> None:
    install(code, entry=entry)
    with pytest.raises(UnknownFrameworkError) as caught:
        framework("lists")
    assert f"the entry point {entry!r} of the framework 'lists'" in str(caught.value)
    assert message in str(caught.value)
    assert framework_name("numpy") == "numpy"
