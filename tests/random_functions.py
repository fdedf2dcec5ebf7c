"""
Random smooth functions of one or two variables, and all their critical points, found without the finder.

The points come from a dense search: in 1-D the roots of the companion matrix of a trigonometric polynomial or the sign
changes of the derivative on a dense grid, in 2-D the zero contours of df/dx, traced on a dense grid, and the sign
changes of df/dy along them. Then they are held against two things that know nothing of grids:

- a proof that there are no others: bounds of the third derivatives, known here from the formulas, exclude every part of
  the box that is not near a point found; where they cannot, that part is searched on a finer grid;
- topology: the winding number of the gradient along the edge is the number of minima and maxima minus that of saddles.

A function is drawn again where the question itself is ill-posed in double precision: a critical point nearer than 1e-6
of the width to the edge, on either side of it; one whose Hessian is nearly singular (an eigenvalue below 1e-7 of the
size of the second derivatives there, in units of the box); a gradient that nearly vanishes somewhere, such that its
rounding decides whether there is a critical point; or a mixture that fades below 1e-100 of its height.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

import contourpy
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Array = NDArray[np.float64]
Kind = Literal["minimum", "maximum", "saddle", "inflection"]
Family = Literal["trigonometric", "gaussian"]

FAMILIES: tuple[Family, ...] = ("trigonometric", "gaussian")
PER_GROUP = 125  # of each family, in each number of variables

MARGIN = 1e-6  # of the width: how far from the edge critical points are
SINGULAR = 1e-7  # an eigenvalue below this part of the second derivatives is nearly zero
FAINTEST = 1e-100  # of the height of a mixture: what its envelope is at least, everywhere in the box

_EPS = float(np.finfo(np.float64).eps)
_TINY = 1e-150  # nothing else here is that small, and its square and inverse are still numbers
_GRID = {1: 50_000, 2: 320}  # intervals a side, of the first search
_FINE = {1: 2_000, 2: 64}  # and of those in parts of the box
_MOST_CELLS = 60_000  # at a time: a whole line of critical points needs more
_MOST_PARTS = 500  # left to search again: with more, smaller cells are tried first
_DEPTH = 12  # how often the search may look closer, each time by 2 ** _CLOSER
_CLOSER = 3


class IllPosedError(Exception):
    """The function's critical points cannot be told in double precision, by anyone."""


@dataclass(frozen=True)
class Function(ABC):
    """A sum of weighted terms in a box, with its derivatives and the bounds that a proof needs."""

    name: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    weights: Array

    @property
    def dimension(self) -> int:
        return len(self.low)

    @property
    def widths(self) -> Array:
        return np.subtract(self.high, self.low)

    def values(self, columns: Sequence[Array]) -> Array:
        return sum_of(weight * term[0] for weight, term in zip(self.weights, self.terms(columns, 0), strict=True))

    def gradients(self, columns: Sequence[Array]) -> Array:
        return sum_of(weight * term[1] for weight, term in zip(self.weights, self.terms(columns, 1), strict=True))

    def hessians(self, columns: Sequence[Array]) -> Array:
        return sum_of(weight * term[2] for weight, term in zip(self.weights, self.terms(columns, 2), strict=True))

    @abstractmethod
    def terms(self, columns: Sequence[Array], order: int) -> Iterator[tuple[Array, Array, Array]]:
        """Value, gradient and Hessian of each term, without its weight; what is above *order* is empty."""

    @abstractmethod
    def sizes(self, columns: Sequence[Array], order: int) -> Array:
        """The sum of the sizes of all terms' derivatives of *order* 0, 1 or 2: what cancels in the function's."""

    @abstractmethod
    def noise(self, columns: Sequence[Array]) -> Array:
        """A bound of the rounding error of the gradient."""

    @abstractmethod
    def third(self, columns: Sequence[Array], radii: Array) -> Array:
        """A bound of the third derivative, in any direction, in the balls of *radii* about the points."""


@dataclass(frozen=True)
class Trigonometric(Function):
    """Sum of w cos(k x + p)."""

    waves: Array  # (terms, d)
    phases: Array  # (terms,)

    def terms(self, columns: Sequence[Array], order: int) -> Iterator[tuple[Array, Array, Array]]:
        nothing = np.empty(0)
        for wave, phase in zip(self.waves, self.phases, strict=True):
            angle = phase + sum_of(k * column for k, column in zip(wave, columns, strict=True))
            cosine = np.cos(angle) if order != 1 else nothing
            gradient = -np.sin(angle)[:, None] * wave if order == 1 else nothing
            hessian = -cosine[:, None, None] * np.outer(wave, wave) if order == 2 else nothing
            yield cosine, gradient, hessian

    def _sum(self, order: int) -> float:
        return float(np.sum(np.abs(self.weights) * np.linalg.norm(self.waves, axis=1) ** order))

    def sizes(self, columns: Sequence[Array], order: int) -> Array:
        return np.full(len(columns[0]), self._sum(order))

    def noise(self, columns: Sequence[Array]) -> Array:
        reach = max(float(np.max(np.abs(column), initial=0)) for column in columns)
        angle = float(np.max(np.sum(np.abs(self.waves), axis=1))) * reach + 2 * math.pi
        return np.full(len(columns[0]), 4 * _EPS * (1 + angle) * self._sum(1))

    def third(self, columns: Sequence[Array], radii: Array) -> Array:
        del radii
        return np.full(len(columns[0]), self._sum(3))


@dataclass(frozen=True)
class Mixture(Function):
    """Sum of w exp(-(x - m) A (x - m) / 2)."""

    centres: Array  # (terms, d)
    precisions: Array  # (terms, d, d)

    def terms(self, columns: Sequence[Array], order: int) -> Iterator[tuple[Array, Array, Array]]:
        nothing = np.empty(0)
        for centre, precision in zip(self.centres, self.precisions, strict=True):
            offset = np.stack([column - m for column, m in zip(columns, centre, strict=True)], axis=1)
            pull = offset @ precision
            bell = np.exp(-np.einsum("ni,ni->n", offset, pull) / 2)
            gradient = -bell[:, None] * pull if order == 1 else nothing
            hessian = bell[:, None, None] * (pull[:, :, None] * pull[:, None, :] - precision) if order == 2 else nothing
            yield bell, gradient, hessian

    def _distances(self, columns: Sequence[Array]) -> Iterator[tuple[float, float, Array]]:
        """Of each term: its weight's size, the steepness in its narrowest direction, the distances in deviations."""
        steepness = np.sqrt(np.linalg.eigvalsh(self.precisions)[:, -1])
        every = zip(np.abs(self.weights), self.centres, self.precisions, steepness, strict=True)
        for weight, centre, precision, steep in every:
            offset = np.stack([column - m for column, m in zip(columns, centre, strict=True)], axis=1)
            yield float(weight), float(steep), np.sqrt(np.einsum("ni,ni->n", offset @ precision, offset))

    def sizes(self, columns: Sequence[Array], order: int) -> Array:
        return sum_of(
            weight * steep**order * np.exp(-(t**2) / 2) * (1 + t**order if order else 1)
            for weight, steep, t in self._distances(columns)
        )

    def noise(self, columns: Sequence[Array]) -> Array:
        return sum_of(
            8 * _EPS * weight * steep * np.exp(-(t**2) / 2) * (1 + t) * (1 + t**2)
            for weight, steep, t in self._distances(columns)
        )

    def third(self, columns: Sequence[Array], radii: Array) -> Array:
        # Along a unit vector it is He3(s) exp(-t^2 / 2), He3(s) = s^3 - 3 s, for a part s of the distance t.
        parts = []
        for weight, steep, t in self._distances(columns):
            near, far = np.maximum(t - steep * radii, 0), t + steep * radii
            parts.append(
                weight * steep**3 * np.exp(-(near**2) / 2) * np.maximum(np.minimum(2.0, 3 * far), far**3 - 3 * far)
            )
        return sum_of(iter(parts))


def sum_of(arrays: Iterator[Array]) -> Array:
    total = next(arrays).copy()
    for array in arrays:
        total += array
    return total


# The search


@dataclass(frozen=True)
class Expected:
    """A critical point, and what a finder can be held to."""

    at: tuple[float, ...]
    value: float
    kind: Kind
    eigenvalues: tuple[float, ...]
    tolerance: Array = field(compare=False)  # of each coordinate: 1e-9 of the width, and what rounding makes of it


def search(function: Function) -> tuple[Expected, ...]:
    """All critical points in the box; IllPosedError says that they cannot be told."""
    margin = 2 * MARGIN * function.widths
    low, high = np.asarray(function.low) - margin, np.asarray(function.high) + margin
    points = _accepted(function, _first(function, low, high), low, high)
    cell = float(np.max(function.widths)) / 2**8
    for _ in range(_DEPTH):
        undecided = _undecided(function, points, low, high, cell)
        if not undecided:
            break
        for centre, half in undecided:
            start, end = np.maximum(centre - half, low), np.minimum(centre + half, high)
            more = _dense(function, start, end, _FINE[function.dimension])
            points = _accepted(function, np.concatenate([points, more]), low, high)
        cell /= 2**_CLOSER
    else:
        raise IllPosedError("nearly a critical point")
    inside = points[np.all((points >= function.low) & (points <= function.high), axis=1)]
    expected = tuple(_expected(function, points))  # also those just outside: they may not be there
    if len(inside) < len(points) or any(_at_edge(function, point) for point in expected):
        raise IllPosedError("a critical point at the edge")
    _check_topology(function, expected)
    return expected


def _first(function: Function, low: Array, high: Array) -> Array:
    if isinstance(function, Trigonometric) and function.dimension == 1 and not np.any(function.waves % 1):
        return _companion(function, low, high)
    return _dense(function, low, high, _GRID[function.dimension])


def _dense(function: Function, low: Array, high: Array, count: int) -> Array:
    return (_sign_changes if function.dimension == 1 else _contours)(function, low, high, count)


def _companion(function: Trigonometric, low: Array, high: Array) -> Array:
    """The derivative is a polynomial in exp(ix): its roots on the unit circle, in all periods that the box meets."""
    order = int(np.max(np.abs(function.waves)))
    coefficients = np.zeros(2 * order + 1, dtype=np.complex128)  # from exp(i order x) to exp(-i order x)
    for weight, (wave,), phase in zip(function.weights, function.waves, function.phases, strict=True):
        # -w k sin(k x + p)
        half = -weight * wave / 2j * np.exp(1j * phase)
        coefficients[order - int(wave)] += half
        coefficients[order + int(wave)] += np.conj(half)
    roots = np.roots(coefficients)
    angles = np.angle(roots[np.abs(np.abs(roots) - 1) < 1e-2])
    periods = np.arange(math.floor(low[0] / (2 * math.pi)) - 1, math.ceil(high[0] / (2 * math.pi)) + 2)
    found = np.ravel(angles[:, None] + 2 * math.pi * periods)
    near: Array = found[np.abs(found - (low[0] + high[0]) / 2) <= (high[0] - low[0]) / 2 + 0.1]
    return near[:, None]


def _sign_changes(function: Function, low: Array, high: Array, count: int) -> Array:
    grid = np.linspace(low[0], high[0], count + 1)
    slopes = function.gradients([grid])[:, 0]

    def slope(x: float) -> float:
        return float(function.gradients([np.array([x])])[0, 0])

    changes = np.flatnonzero(np.sign(slopes[:-1]) != np.sign(slopes[1:]))
    found = [brentq(slope, grid[i], grid[i + 1], xtol=1e-15, rtol=4 * _EPS) for i in changes]
    return np.array(found, dtype=np.float64).reshape(-1, 1)


def _contours(function: Function, low: Array, high: Array, count: int) -> Array:
    """Where df/dy changes its sign along the contours df/dx = 0."""
    step = (high - low) / count
    x, y = (np.linspace(low[i] - step[i], high[i] + step[i], count + 3) for i in range(2))
    columns = [a.ravel() for a in np.meshgrid(x, y)]
    # Divided by a size that is positive everywhere, the contours stay where they are, and the tails are visible.
    slopes = function.gradients(columns)[:, 0] / function.sizes(columns, 1)
    lines = contourpy.contour_generator(x, y, slopes.reshape(len(y), len(x)), line_type="Separate").lines(0.0)
    starts = []
    for line in lines:
        line = np.asarray(line, dtype=np.float64)  # noqa: PLW2901
        other = function.gradients([line[:, 0], line[:, 1]])[:, 1] / function.sizes([line[:, 0], line[:, 1]], 1)
        changes = np.flatnonzero(np.sign(other[:-1]) != np.sign(other[1:]))
        before, after = np.abs(other[changes]), np.abs(other[changes + 1])
        part = (before / np.maximum(before + after, _TINY))[:, None]
        starts.append(line[changes] * (1 - part) + line[changes + 1] * part)
    found = np.concatenate(starts) if starts else np.empty((0, 2))
    return _newton(function, found, float(np.max(step)))


def _newton(function: Function, points: Array, reach: float) -> Array:
    """The steps of Newton's method, none longer than *reach*."""
    for _ in range(40):
        if not len(points):
            break
        steps = _steps(function, points)
        lengths = np.linalg.norm(steps, axis=1, keepdims=True)
        points = points + steps * np.minimum(1, reach / np.maximum(lengths, _TINY))
        if np.all(lengths <= 1e-15):
            break
    return points


def _steps(function: Function, points: Array) -> Array:
    columns = list(points.T)
    gradients, hessians = function.gradients(columns), function.hessians(columns)
    size = function.sizes(columns, 2)[:, None, None]
    steps: Array = -np.einsum("nij,nj->ni", np.linalg.pinv(hessians / size, rcond=1e-14), gradients / size[:, 0])
    return steps


def _accepted(function: Function, points: Array, low: Array, high: Array) -> Array:
    """Those near which there is a critical point by Kantorovich's theorem, polished; each once."""
    points = _newton(function, points, float(np.max(high - low)) / 1000)
    points = points[np.all((points >= low) & (points <= high), axis=1)]
    if not len(points):
        return points
    columns = list(points.T)
    stiffness = np.min(np.abs(np.linalg.eigvalsh(function.hessians(columns))), axis=1)
    residual = np.linalg.norm(function.gradients(columns), axis=1) + function.noise(columns)
    stiffness = np.maximum(stiffness, _TINY)
    bound = function.third(columns, np.minimum(2 * residual / stiffness, 1))
    # Divided twice, as squares of what is left in the tails underflow.
    points = points[bound / stiffness * (residual / stiffness) <= 0.25]
    kept = np.empty((0, function.dimension))
    for point, radius in zip(points, _lonely(function, points), strict=True):
        if not np.any(np.linalg.norm(kept - point, axis=1) < radius):
            kept = np.vstack([kept, point])
    return kept


def _lonely(function: Function, points: Array) -> Array:
    """
    Radii of balls in which each point is the only critical one.

    For another at the distance s, H s would be at most M s^2 / 2, with the bound M of third derivatives: so s is at
    least 2 |smallest eigenvalue| / M.
    """
    if not len(points):
        return np.zeros(0)
    columns = list(points.T)
    stiffness = np.min(np.abs(np.linalg.eigvalsh(function.hessians(columns))), axis=1)
    tried = float(np.max(function.widths)) * 2.0 ** np.arange(2, -40, -0.5)
    bounds = function.third([np.repeat(column, len(tried)) for column in columns], np.tile(tried, len(points)))
    proved = tried * bounds.reshape(len(points), -1) <= 1.8 * stiffness[:, None]
    return np.where(proved.any(axis=1), tried[np.argmax(proved, axis=1)], 0)


def _undecided(
    function: Function, points: Array, low: Array, high: Array, smallest: float
) -> list[tuple[Array, Array]]:
    """Parts of the box, as centres and half widths, of which nothing is proved by cells down to the *smallest*."""
    d = function.dimension
    radii = _lonely(function, points)
    side = float(np.min(high - low)) / 16
    counts = [math.ceil(float(width) / side) for width in high - low]
    half = (high - low) / counts / 2
    axes = [low[i] + half[i] * (2 * np.arange(counts[i]) + 1) for i in range(d)]
    cells = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    corners = np.stack([a.ravel() for a in np.meshgrid(*[[-0.5, 0.5]] * d, indexing="ij")], axis=1)
    while True:
        reach = float(np.linalg.norm(half)) * (1 + 1e-9)
        distances = np.linalg.norm(cells[:, None] - points[None], axis=2)
        cells = cells[~np.any(distances + reach < radii, axis=1)]
        cells = cells[~_excluded(function, cells, reach)]
        if not len(cells) or (2 * reach < smallest and len(cells) <= _MOST_PARTS):
            break
        if len(cells) > _MOST_CELLS:
            raise IllPosedError("nearly a line of critical points")
        cells = (cells[:, None] + corners * half).reshape(-1, d)
        half = half / 2
    return _clusters(cells, half)


def _excluded(function: Function, centres: Array, reach: float) -> NDArray[np.bool_]:
    """In which balls there is no critical point: g + H s cannot be as small as what Taylor's theorem leaves."""
    if not len(centres):
        return np.zeros(0, dtype=np.bool_)
    columns = list(centres.T)
    gradients = function.gradients(columns)
    eigenvalues, vectors = np.linalg.eigh(function.hessians(columns))
    left = function.third(columns, np.full(len(centres), reach)) * reach**2 / 2 + function.noise(columns)
    along = np.einsum("nij,ni->nj", vectors, gradients)  # in the eigenvectors' directions
    stiff = np.maximum(np.abs(eigenvalues), _TINY)
    excluded = np.any(np.abs(along) > stiff * reach + left[:, None], axis=1)
    steps = np.linalg.norm(along / stiff, axis=1)
    excluded |= steps > reach + left / np.min(stiff, axis=1)
    size = np.linalg.norm(along, axis=1)
    pull = np.linalg.norm(eigenvalues * along, axis=1) / np.maximum(size, _TINY)
    excluded |= size > pull * reach + left
    return np.asarray(excluded)


def _clusters(cells: Array, half: Array) -> list[tuple[Array, Array]]:
    """Boxes about cells that touch, somewhat larger."""
    boxes: list[tuple[Array, Array]] = []
    rest = cells
    while len(rest):
        inside = np.zeros(len(rest), dtype=np.bool_)
        inside[0] = True
        while True:
            start, end = rest[inside].min(axis=0) - 2.5 * half, rest[inside].max(axis=0) + 2.5 * half
            grown = np.all((rest >= start) & (rest <= end), axis=1)
            if np.array_equal(grown, inside):
                break
            inside = grown
        boxes.append(((start + end) / 2, (end - start) / 2 + 2 * half))
        rest = rest[~inside]
    return boxes


def _expected(function: Function, points: Array) -> Iterator[Expected]:
    columns = list(points.T)
    hessians, noises = function.hessians(columns), function.noise(columns)
    scaled = np.linalg.eigvalsh(hessians * np.outer(function.widths, function.widths))
    sizes = function.sizes(columns, 2) * float(np.max(function.widths)) ** 2
    for i, value in enumerate(function.values(columns)):
        if np.min(np.abs(scaled[i])) < SINGULAR * sizes[i]:
            raise IllPosedError("a nearly singular Hessian")
        eigenvalues = np.linalg.eigvalsh(hessians[i])
        positive = eigenvalues > 0
        kind: Kind = "minimum" if positive.all() else "saddle" if positive.any() else "maximum"
        # Both this point and the finder's are that much off where rounding moves the gradient's zero.
        rounding = 4 * noises[i] / np.min(np.abs(eigenvalues))
        tolerance = 1e-9 * function.widths + rounding
        yield Expected(
            at=tuple(points[i].tolist()),
            value=float(value),
            kind=kind,
            eigenvalues=tuple(eigenvalues.tolist()),
            tolerance=tolerance,
        )


def _at_edge(function: Function, point: Expected) -> bool:
    to_edge = np.minimum(np.subtract(point.at, function.low), np.subtract(function.high, point.at))
    return bool(np.any(to_edge < MARGIN * function.widths))


def _check_topology(function: Function, points: Sequence[Expected]) -> None:
    if function.dimension == 1:
        slopes = np.sign(function.gradients([np.array([function.low[0], function.high[0]])])[:, 0])
        turns = round((slopes[1] - slopes[0]) / 2)
        found = sum(point.kind == "minimum" for point in points) - sum(point.kind == "maximum" for point in points)
    else:
        found = sum(-1 if point.kind == "saddle" else 1 for point in points)
        turns = next((n for n in (_winding(function, count) for count in (500, 5000, 50_000)) if n == found), found + 1)
    if turns != found:
        raise RuntimeError(f"{function.name}: the search is wrong, as the gradient's topology tells: {points}")


def _winding(function: Function, count: int) -> int:
    """How often the gradient turns along the edge of the box."""
    (x0, y0), (x1, y1) = function.low, function.high
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]])

    def angles(where: Array) -> Array:
        gradients = function.gradients([np.interp(where, np.arange(5), corners[:, i]) for i in range(2)])
        return np.arctan2(gradients[:, 1], gradients[:, 0])

    where = np.linspace(0, 4, 4 * count + 1)
    angle = angles(where)
    for _ in range(40):
        turns = np.diff(angle)
        turns -= 2 * math.pi * np.round(turns / (2 * math.pi))
        wide = np.flatnonzero(np.abs(turns) > 0.5)
        if not len(wide):
            break
        between = (where[wide] + where[wide + 1]) / 2
        where = np.insert(where, wide + 1, between)
        angle = np.insert(angle, wide + 1, angles(between))
    return round(float(np.sum(turns)) / (2 * math.pi))


# The functions


@cache
def random_function(family: Family, dimension: int, number: int) -> tuple[Function, tuple[Expected, ...]]:
    """Function *number* of a group, always the same, with its critical points: the first draw that is well posed."""
    for attempt in range(50):
        seed = (FAMILIES.index(family), dimension, number, attempt)
        random = np.random.default_rng(seed)
        draw: Callable[[], Function] = partial(_DRAWN[family], random, dimension, f"{family} {dimension}-D, {seed=}")
        function = draw()
        # A third of them nearly have a degenerate point: a pair about to merge, or a shoulder where one has vanished.
        if number % 3 == 0:
            function = _with_fold(random, function)
        try:
            if isinstance(function, Mixture):
                _check_faintness(function)
            return function, search(function)
        except IllPosedError:
            continue
    raise RuntimeError(f"{family} {dimension}-D {number}: no draw is well posed")


def _trigonometric(random: np.random.Generator, dimension: int, name: str) -> Function:
    count = int(random.integers(2, 7))
    whole = random.random() < 0.5
    while True:
        if dimension == 1:
            waves = random.integers(1, 9, (count, 1)) if whole else random.uniform(0.3, 8, (count, 1))
        else:
            waves = random.integers(-3, 4, (count, 2)) if whole else random.normal(0, 1.6, (count, 2))
        waves = np.asarray(waves, dtype=np.float64)
        if np.linalg.matrix_rank(waves) == dimension and np.all(np.any(waves, axis=1)):
            break
    low = random.uniform(-5, 5, dimension)
    widths = random.uniform(1, 9 if dimension == 1 else 6.5, dimension)
    return Trigonometric(
        name=name,
        low=tuple(low.tolist()),
        high=tuple((low + widths).tolist()),
        weights=random.normal(size=count),
        waves=waves,
        phases=random.uniform(0, 2 * math.pi, count),
    )


def _mixture(random: np.random.Generator, dimension: int, name: str) -> Function:
    count = int(random.integers(2, 9))
    low, high = np.full(dimension, -3.0), np.full(dimension, 3.0)
    if random.random() < 0.5:
        low, high = random.uniform(-4, -1, dimension), random.uniform(0.5, 5, dimension)
    deviations = np.exp(random.uniform(math.log(0.25), math.log(1.3), (count, dimension)))
    centres = random.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (count, dimension))
    for i in range(1, count):
        if random.random() < 0.3:  # next to another of about the same shape
            j = int(random.integers(i))
            deviations[i] = deviations[j] * random.uniform(0.8, 1.25)
            direction = random.normal(size=dimension)
            direction /= np.linalg.norm(direction)
            centres[i] = centres[j] + deviations[j] * direction * random.uniform(0.2, 2.6)
    precisions = np.zeros((count, dimension, dimension))
    for i in range(count):
        axes = np.eye(dimension)
        if dimension == 2:
            turn = random.uniform(0, math.pi)
            axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        precisions[i] = axes @ np.diag(deviations[i] ** -2) @ axes.T
        precisions[i] = (precisions[i] + precisions[i].T) / 2
    return Mixture(
        name=name,
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        weights=random.uniform(0.2, 2, count) * random.choice([-1, 1], count, p=[0.4, 0.6]),
        centres=centres,
        precisions=precisions,
    )


_DRAWN = {"trigonometric": _trigonometric, "gaussian": _mixture}


def _check_faintness(function: Mixture) -> None:
    axes = [np.linspace(low, high, 33) for low, high in zip(function.low, function.high, strict=True)]
    columns = [a.ravel() for a in np.meshgrid(*axes)]
    if np.min(function.sizes(columns, 0)) < FAINTEST * np.max(np.abs(function.weights)):
        raise IllPosedError("nothing but rounding")


def _with_fold(random: np.random.Generator, function: Function) -> Function:
    """
    The function with other weights, such that somewhere in the box it nearly has a degenerate critical point.

    There the Hessian vanishes in a direction, and the gradient, but for a little in that direction, does too: depending
    on that little's sign, there are two critical points nearby or none.
    """
    d = function.dimension
    if len(function.weights) < 2 * d + 1:
        return function
    little = random.choice([-1, 1]) * 10.0 ** random.uniform(-9, -2)
    found = function.weights
    least = math.inf
    for _ in range(40):  # places, of which the one is taken that changes the function least
        inner = 0.2 * function.widths
        columns = [np.array([x]) for x in random.uniform(function.low + inner, function.high - inner)]
        direction = random.normal(size=d)
        direction /= np.linalg.norm(direction)
        gradients = np.array([term[1][0] for term in function.terms(columns, 1)])  # (terms, d)
        hessians = np.array([term[2][0] for term in function.terms(columns, 2)])
        conditions = np.concatenate([gradients, hessians @ direction], axis=1).T  # (2 d, terms)
        wanted = np.concatenate([little * float(function.sizes(columns, 1)[0]) * direction, np.zeros(d)])
        change = np.linalg.lstsq(conditions, wanted - conditions @ function.weights, rcond=1e-12)[0]
        if np.max(np.abs(change)) < least:
            least = float(np.max(np.abs(change)))
            found = function.weights + change
    return replace(function, weights=found / np.max(np.abs(found)))
