"""What the adapters compute, asked through a real child as the extension does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sphinx_optviz.frameworks import FRAMEWORKS, did_you_mean
from sphinx_optviz.processes import Child, Message, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = np.ndarray[Any, np.dtype[np.float64]]

# Below the first line of each text: what people import.
IMPORTS = {
    "numpy": "import math, random; import numpy as np; xp = np",
    "pytorch": "import math, random; import torch; xp = torch",
}
LINE = [[-1.5, 1.5, 7]]
PLANE = [[-1.2, 1.5, 6], [-0.8, 2.0, 5]]
FRAMEWORK_PARAMS = ["numpy", pytest.param("pytorch", marks=pytest.mark.framework)]


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
    ("numpy", "gradients"): 1e-7,
    ("numpy", "hessians"): 1e-5,
    ("pytorch", "values"): 1e-13,
    ("pytorch", "gradients"): 1e-13,
    ("pytorch", "hessians"): 1e-13,
}


@dataclass(frozen=True)
class Asked:
    """A child of one framework."""

    framework: str
    child: Child

    def __call__(
        self, code: str, operation: str = "values", axes: list[list[float]] = LINE, functions: tuple[str, ...] = ("f",)
    ) -> Message:
        """The answer about *code*, which begins in line 2 of the file ``f.py``."""
        request = {
            "source": f"{IMPORTS[self.framework]}\n{code}",
            "path": "f.py",
            "functions": list(functions),
            "operation": operation,
            "axes": axes,
        }
        return self.child.request(request, 30.0)

    def numbers(self, code: str, operation: str = "values", axes: list[list[float]] = LINE) -> Array:
        return numbers_in(self(code, operation, axes))


def numbers_in(answer: Message, function: str = "f") -> Array:
    assert answer["kind"] == "result", answer
    shape, data = answer["arrays"][function]
    return np.frombuffer(data, dtype="<f8").reshape(shape)


def asked_of(framework: str) -> Iterator[Asked]:
    if framework == "pytorch":
        pytest.importorskip("torch")
    child = Child(Program(texts=FRAMEWORKS[framework].programs()))
    child.start()
    yield Asked(framework, child)
    child.end()


@pytest.fixture(scope="module", params=FRAMEWORK_PARAMS)
def ask(request: pytest.FixtureRequest) -> Iterator[Asked]:
    yield from asked_of(request.param)


@pytest.fixture(scope="module")
def ask_numpy() -> Iterator[Asked]:
    yield from asked_of("numpy")


@pytest.fixture(scope="module")
def ask_torch() -> Iterator[Asked]:
    yield from asked_of("pytorch")


@pytest.fixture(scope="module")
def ask_disturbed() -> Iterator[Asked]:
    """PyTorch in a child whose state the tests change."""
    yield from asked_of("pytorch")


# ---- numbers


def exact(case: Case, operation: str) -> Array:
    points = np.meshgrid(*[np.linspace(axis[0], axis[1], int(axis[2])) for axis in case.axes], indexing="ij")
    if operation == "values":
        return np.asarray(case.value(*points))
    if operation == "gradients":
        return np.stack(case.gradient(*points), axis=-1)
    return np.stack([np.stack(row, axis=-1) for row in case.hessian(*points)], axis=-2)


@pytest.mark.parametrize("operation", ["values", "gradients", "hessians"])
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_formula(ask: Asked, name: str, operation: str) -> None:
    case = CASES[name]
    arguments = "x" if len(case.axes) == 1 else "x, y"
    answer = ask(f"def f({arguments}): return {case.code}", operation, case.axes)
    found, expected = numbers_in(answer), exact(case, operation)
    assert found.shape == expected.shape
    error = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    assert error.max() <= TOLERANCES[ask.framework, operation]
    assert answer["dtype"] == "float64"


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("values", {"numpy": "", "pytorch": ""}),
        ("gradients", {"numpy": "central differences of sixth order", "pytorch": "torch.autograd"}),
        ("hessians", {"numpy": "central differences of sixth order", "pytorch": "torch.autograd"}),
    ],
    ids=["values", "gradients", "hessians"],
)
def test_result_says_how_derivatives_were_taken(ask: Asked, operation: str, method: dict[str, str]) -> None:
    assert ask("def f(x): return x", operation)["method"] == method[ask.framework]


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
    assert list(answer["arrays"]) == ["f", "g"]
    np.testing.assert_array_equal(numbers_in(answer, "g"), 2 * numbers_in(answer, "f"))


def test_lower_precision_is_said_and_its_numbers_are_kept(ask: Asked) -> None:
    answer = ask(
        "def f(x): return x.astype('float32')" if ask.framework == "numpy" else "def f(x): return x.to(torch.float32)"
    )
    assert answer["dtype"] == "float32"
    np.testing.assert_array_equal(numbers_in(answer), np.linspace(-1.5, 1.5, 7).astype(np.float32))


def test_each_function_gets_its_own_points(ask: Asked) -> None:
    """Code that works in place changes nothing for the next function."""
    code = "def f(x):\n    x *= 2\n    return x\ndef g(x): return x"
    np.testing.assert_array_equal(numbers_in(ask(code, functions=("f", "g")), "g"), np.linspace(-1.5, 1.5, 7))


def test_derivatives_of_code_that_works_in_place_are_right_or_an_error(ask: Asked) -> None:
    """PyTorch refuses to change what it differentiates by; whatever happens, no wrong number may come out."""
    answer = ask("def f(x, y):\n    y *= 2\n    return x * y", "gradients", PLANE)
    if ask.framework == "pytorch":
        assert (answer["kind"], answer["line"]) == ("failure", 3)
    else:
        x, y = np.meshgrid(np.linspace(-1.2, 1.5, 6), np.linspace(-0.8, 2.0, 5), indexing="ij")
        np.testing.assert_allclose(numbers_in(answer), np.stack([2 * y, 2 * x], axis=-1), atol=1e-7)


def test_points_without_a_finite_value_are_counted_and_the_first_is_named(ask: Asked) -> None:
    answer = ask("\n\ndef f(x): return 1 / xp.where(abs(x) < 0.6, 0 * x, x)\ndef g(x): return x", functions=("f", "g"))
    assert answer["non_finite"] == [["f", 3, 7, [-0.5], 4]]
    assert np.isinf(numbers_in(answer)).tolist() == [False, False, True, True, True, False, False]


def test_point_without_a_finite_value_is_named_by_all_its_coordinates(ask: Asked) -> None:
    answer = ask("def f(x, y): return xp.sqrt(y - 1.5) + 0 * x", axes=[[2.0, 3.0, 2], [1.0, 2.0, 5]])
    assert answer["non_finite"] == [["f", 4, 10, [2.0, 1.0], 2]]


# ---- every run begins in the same state


@pytest.mark.framework
def test_default_dtype_of_pytorch_is_put_back(ask_disturbed: Asked) -> None:
    ask_disturbed("torch.set_default_dtype(torch.float32)\ndef f(x): return x")
    answer = ask_disturbed("def f(x): return torch.tensor(math.pi) * x")
    assert answer["dtype"] == "float64"
    np.testing.assert_allclose(numbers_in(answer), np.pi * np.linspace(-1.5, 1.5, 7), rtol=1e-15)


@pytest.mark.framework
def test_code_that_turns_derivatives_of_pytorch_off_does_so_for_itself_alone(ask_disturbed: Asked) -> None:
    ask_disturbed("torch.set_grad_enabled(False)\ndef f(x): return x")
    assert (ask_disturbed.numbers("def f(x): return 3 * x", "gradients") == 3).all()


@pytest.mark.framework
def test_default_device_of_pytorch_is_put_back(ask_disturbed: Asked) -> None:
    ask_disturbed("torch.set_default_device('meta')\ndef f(x): return x")
    assert (ask_disturbed.numbers("def f(x): return 0 * x + torch.ones(7)") == 1).all()


def test_floating_point_errors_of_numpy_are_put_back(ask_numpy: Asked) -> None:
    ask_numpy("np.seterr(all='raise')\ndef f(x): return x")
    answer = ask_numpy("def f(x): return np.sqrt(x)")
    assert answer["kind"] == "result"
    assert answer["non_finite"][0][1] == 3


@pytest.mark.parametrize("noise", ["random.random()", "np.random.rand(7)", "np.random.standard_normal(7)"])
def test_random_code_gives_the_same_numbers_each_time(ask: Asked, noise: str) -> None:
    array = f"torch.as_tensor({noise})" if ask.framework == "pytorch" else noise
    code = f"import numpy as np\ndef f(x): return 0 * x + {array}"
    np.testing.assert_array_equal(ask.numbers(code), ask.numbers(code))


@pytest.mark.framework
@pytest.mark.parametrize("noise", ["torch.rand(7)", "torch.randn_like(x)"])
def test_random_code_of_pytorch_gives_the_same_numbers_each_time(ask_torch: Asked, noise: str) -> None:
    code = f"def f(x): return 0 * x + {noise}"
    np.testing.assert_array_equal(ask_torch.numbers(code), ask_torch.numbers(code))


def test_names_of_one_run_are_unknown_in_the_next(ask: Asked) -> None:
    ask("secret = 1\ndef f(x): return x")
    assert ask("def f(x): return x + secret")["message"] == "NameError: name 'secret' is not defined"


def test_code_can_ask_for_its_file_and_is_not_the_main_program(ask: Asked) -> None:
    assert (ask.numbers("def f(x): return 0 * x + (__file__ == 'f.py') + 2 * (__name__ == '__main__')") == 1).all()


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
    for asked in asked_of("numpy"):
        assert asked("def f(x): return np.cos(x) + math.pi").get("spoilt") is None
        assert asked(f"{code}\ndef f(x): return x" if "def f" not in code else code).get("spoilt") is True


def test_ordinary_code_leaves_its_child_as_it_was(ask: Asked) -> None:
    codes = [
        "def f(x): return xp.tanh(x) + xp.exp(-x**2) + math.e",
        "import statistics, numpy.linalg, numpy.fft\ndef f(x): return x * numpy.linalg.norm([3, 4])",
        "cos = None\ndef print(x): return x\ndef f(x): return print(x)",
        "1 / 0",
        "def f(x): return None",
    ]
    assert [ask(code, operation).get("spoilt") for code in codes for operation in ("values", "hessians")] == [None] * 10


# ---- constants


@pytest.mark.framework
@pytest.mark.parametrize(
    "body",
    ["torch.ones(30)", "torch.full((30,), 3.0)", "torch.ones(30, requires_grad=True)", "x.detach()"],
)
@pytest.mark.parametrize("operation", ["gradients", "hessians"])
def test_constants_of_pytorch_have_derivatives_of_zero(ask_torch: Asked, operation: str, body: str) -> None:
    derivatives = ask_torch.numbers(f"def f(x, y): return {body}", operation, PLANE)
    assert derivatives.shape == ((6, 5, 2) if operation == "gradients" else (6, 5, 2, 2))
    assert not derivatives.any()


# ---- failures


@pytest.mark.parametrize("operation", ["values", "gradients", "hessians"])
@pytest.mark.parametrize(
    "result",
    [
        "None",
        "3.0",
        "x.sum()",
        "x[:-1]",
        "x.reshape(-1, 1)",
        "xp.stack([x, x])",
        "x * 1j",
        "x > 0",
        "'text'",
        "[]",
    ],
)
def test_result_that_is_not_one_real_number_a_point_is_a_failure_at_the_function(
    ask: Asked, result: str, operation: str
) -> None:
    answer = ask(f"\n\ndef f(x): return {result}", operation)
    assert (answer["kind"], answer.get("line")) == ("failure", 4)
    assert answer["message"]


def test_wrong_result_is_explained(ask: Asked) -> None:
    message = ask("def f(x): return x.reshape(-1, 1)")["message"]
    assert message == (
        "ValueError: f returned an array of shape (7, 1) and type float64 for 7 points; "
        "it must work elementwise and return real numbers of shape (7,)"
    )


@pytest.mark.framework
@pytest.mark.parametrize("function", ["lambda x: 3.0", "functools.partial(lambda a, x: 3.0, 1)", "Callable()"])
def test_result_that_is_no_tensor_is_explained_whatever_the_function_is(ask_torch: Asked, function: str) -> None:
    code = f"import functools\nclass Callable:\n    def __call__(self, x): return 3.0\nf = {function}"
    assert "expected a torch.Tensor" in ask_torch(code)["message"]


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
def test_error_in_the_code_is_a_failure_at_its_line(ask: Asked, code: str, line: int, message: str) -> None:
    answer = ask(code)
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


# ---- the table


def test_did_you_mean_names_the_nearest_or_all() -> None:
    assert did_you_mean("PyTorh", list(FRAMEWORKS)) == "Did you mean 'pytorch'?"
    assert did_you_mean("R", ["jax", "numpy"]) == "There are: jax, numpy."
