"""Where the gradient can vanish: cells of the box are ruled out, found to hold one root, or divided."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.jumps import jumps_in, kinks_in

# Cells along each axis to begin with, by the number of variables.
_BASE = {1: 1024, 2: 64}

# Cells are divided until they are so small, in units of the box.
_SMALLEST = 2.0**-27

# Points at which the gradient may be asked for in all; fewer where each of them takes many calls.
_BUDGET = 8_000_000

# Where a cell is looked at beside its centre, from -1 to 1: its corners, and two points that share no period with it.
_INSIDE = ((3 - 5**0.5) / 2, -(((5**0.5 - 1) / 2) ** 3))

# Sampled bounds are no bounds: a cell is judged as if the gradient strayed by so much more from its linear model.
_SAFETY = 2.0

# A Jacobian that varies by less than this part of itself in a cell makes the gradient one-to-one there.
_ONE_TO_ONE = 0.35

# Cells of a connected group along an axis from which on it is no single point: around a point of order k some
# 2k are left, whatever their size.
_EXTENDED = 16

# Where in a cell rounding is measured, from its centre and in units of the cell: kinks often lie on a centre.
_ASIDE = 0.0137

# A gradient of so many times its noise is no more than rounding.
_ROUNDING = 100

# Divisions after which a group of cells is looked at as a whole.
_FIRST_LOOK = 3


class Group(NamedTuple):
    """Connected cells that are left: their centres, shape (M, d), and their size."""

    centres: Array
    size: float
    noise: Array  # of the gradient, shape (M, d)

    @property
    def extent(self) -> float:
        """The longest side of the box around them."""
        return float(numpy.ptp(self.centres, axis=0).max()) + self.size


class Search:
    """What was found in the unit box."""

    def __init__(self, variables: int) -> None:
        # Each alone in its surroundings, with a Jacobian that is not singular. Shape (K, d).
        self.roots: Array = numpy.zeros((0, variables))
        self.isolated: list[Group] = []  # around one point each
        self.extended: list[tuple[str, Array]] = []  # "line" or "kink", and points of it
        self.kinks: list[Array] = []  # single places where the gradient jumps, shape (d,)
        self.flat: list[tuple[Array, float]] = []  # centres of cells without any slope, and their size
        self.first_look: _Look | None = None
        self.doubts: list[str] = []

    @property
    def steepest(self) -> float:
        """The largest slope in the middle of the first cells."""
        slopes = numpy.zeros(0) if self.first_look is None else self.first_look.g
        return float(numpy.abs(slopes[numpy.isfinite(slopes)]).max(initial=0.0))


class _Look(NamedTuple):
    """Cells with the gradient G and the Jacobian J at their centres and samples, J and offsets in units of a cell."""

    centres: Array
    size: float
    g: Array  # (M, d)
    j: Array  # (M, d, d)
    g_samples: Array  # (M, S, d)
    j_samples: Array  # (M, S, d, d)

    @property
    def points(self) -> Array:
        """The centre and the samples of each cell, shape (M, 1 + S, d)."""
        return _points_of(self.centres, self.size)


def _offsets(variables: int) -> Array:
    """Shape (S, d)."""
    corners = list(itertools.product((-1.0, 1.0), repeat=variables))
    inside = [tuple(number * (-1.0) ** i for i in range(variables)) for number in _INSIDE]
    return numpy.array(corners + inside)


def _points_of(centres: Array, size: float) -> Array:
    """The centre and the samples of each cell, shape (M, 1 + S, d)."""
    samples = centres[:, None, :] + _offsets(centres.shape[1]) * size / 2
    return numpy.concatenate([centres[:, None, :], samples], axis=1)


def search(box: Field, size: float = 0.0, index: Array | None = None) -> Search:
    """Every place where the gradient of *box* vanishes or jumps across zero.

    Everywhere, or in the cells with the numbers *index*, shape (M, d), of that *size*.
    """
    base = _BASE[box.variables]
    everywhere = index is None
    if index is None:
        size = 1.0 / base
        index = numpy.stack(numpy.meshgrid(*[numpy.arange(base)] * box.variables, indexing="ij"), axis=-1)
        index = index.reshape(-1, box.variables)
    found = Search(box.variables)
    level = 0
    noise = numpy.zeros(index.shape)
    roots = []
    while len(index):
        if box.spent > (_BUDGET if box.is_exact else _BUDGET // 4):
            found.doubts.append("it changes too fast to be searched completely")
            break
        look = look_at(box, (index + 0.5) * size, size)
        if level == 0:
            found.first_look = look
            found.kinks = kinks_in(box, look) if everywhere else []
        keep = _may_hold_a_root(look, noise, box.rounding)
        index, look = index[keep], _of(look, keep)
        noise = box.noise(look.centres + _ASIDE * size)
        flat = _is_flat(look, noise)
        # A jump at one place is no noise.
        noise[flat] = numpy.minimum(noise[flat], box.noise(look.centres[flat] - 2 * _ASIDE * size))
        flat &= _is_flat(look, noise)
        found.flat.append((look.centres[flat], size))
        index, look, noise = index[~flat], _of(look, ~flat), noise[~flat]
        settled, its_roots = _roots_in(box, look, noise)
        roots.append(its_roots)
        index, look, noise = index[~settled], _of(look, ~settled), noise[~settled]
        if level >= _FIRST_LOOK and box.variables == 2:
            held = _settle_groups(box, index, look, noise, found)
            index, noise = index[~held], noise[~held]
        if size <= _SMALLEST:
            break
        parts = numpy.array(list(itertools.product((0, 1), repeat=box.variables)))
        index = (2 * index[:, None, :] + parts).reshape(-1, box.variables)
        noise = numpy.repeat(noise, len(parts), axis=0)
        size, level = size / 2, level + 1
    else:
        index = numpy.zeros((0, box.variables), dtype=int)
    if not found.doubts and len(index):
        found.isolated = [Group((index[its] + 0.5) * size, size, noise[its]) for its in _groups(index)]
    found.roots = distinct(numpy.concatenate(roots)) if roots else found.roots
    return found


def look_at(box: Field, centres: Array, size: float) -> _Look:
    variables = box.variables
    everywhere = _points_of(centres, size)
    shape = everywhere.shape[:2]
    points = everywhere.reshape(-1, variables)
    g = box.gradient(points).reshape(*shape, variables)
    j = box.jacobian(points).reshape(*shape, variables, variables) * size / 2
    return _Look(centres, size, g[:, 0], j[:, 0], g[:, 1:], j[:, 1:])


def _of(look: _Look, these: Array) -> _Look:
    return _Look(
        look.centres[these], look.size, look.g[these], look.j[these], look.g_samples[these], look.j_samples[these]
    )


def _may_hold_a_root(look: _Look, noise: Array, rounding: float) -> Array:
    """False where the gradient cannot vanish in a cell, as far as samples can tell. Shape (M,)."""
    with numpy.errstate(all="ignore"):
        offsets = _offsets(look.centres.shape[1])
        bends = numpy.abs(look.j_samples - look.j[:, None]).sum(axis=3).max(axis=1) / 2
        slope = numpy.abs(look.j).sum(axis=2)
        uncertain = 5 * noise + slope / look.size * rounding
        rest = _SAFETY * numpy.maximum(strays(look), bends) + uncertain
        ruled_out = (numpy.abs(look.g) > slope + rest).any(axis=1)
        inverse = _inverse(look.j)
        at = numpy.einsum("mij,mj->mi", inverse, look.g)
        off = numpy.einsum("mij,mj->mi", numpy.abs(inverse), rest)
        ruled_out |= (numpy.abs(at) > 1 + off).any(axis=1)
        ruled_out |= (_keeps_its_sign(look, offsets) & (numpy.abs(look.g) > uncertain)).any(axis=1)
        nowhere = ~numpy.isfinite(look.g_samples).any(axis=(1, 2)) & ~numpy.isfinite(look.g).any(axis=1)
    keep: Array = ~(ruled_out | nowhere)
    return keep


def strays(look: _Look) -> Array:
    """How far each component of the gradient strays from its linear model in each cell, shape (M, d)."""
    model = look.g[:, None, :] + numpy.einsum("mij,sj->msi", look.j, _offsets(look.centres.shape[1]))
    furthest: Array = numpy.abs(look.g_samples - model).max(axis=1)
    return furthest


def _is_flat(look: _Look, noise: Array) -> Array:
    """Whether the gradient is nowhere in a cell more than rounding. Shape (M,)."""
    largest = numpy.maximum(numpy.abs(look.g), numpy.abs(look.g_samples).max(axis=1))
    flat: Array = (largest <= _ROUNDING * noise).all(axis=1)
    return flat


def _keeps_its_sign(look: _Look, offsets: Array) -> Array:
    """Whether the logarithm of a component is so nearly linear that it is nowhere minus infinity. Shape (M, d).

    For what changes by powers of ten within a cell, as the tails of a Gaussian do.
    """
    ratio = look.g_samples / look.g[:, None, :]
    change = numpy.where(ratio > 0, numpy.log(numpy.abs(ratio)), numpy.inf)
    expected = numpy.einsum("mij,sj->msi", look.j / look.g[:, :, None], offsets)
    keeps: Array = (numpy.abs(change - expected) <= 0.5).all(axis=1)
    return keeps


def _inverse(j: Array) -> Array:
    """Of each matrix; NaN where it is singular to rounding, whatever the scales of its rows and columns."""
    if j.shape[-1] == 1:
        return 1 / j
    a, b, c, d = j[:, 0, 0], j[:, 0, 1], j[:, 1, 0], j[:, 1, 1]
    determinant = a * d - b * c
    is_regular = numpy.abs(determinant) > 1e-11 * (numpy.abs(a * d) + numpy.abs(b * c))
    determinant = numpy.where(is_regular, determinant, numpy.nan)
    adjugate = numpy.stack([numpy.stack([d, -b], axis=-1), numpy.stack([-c, a], axis=-1)], axis=1)
    found: Array = adjugate / determinant[:, None, None]
    return found


def _roots_in(box: Field, look: _Look, noise: Array) -> tuple[Array, Array]:
    """Which cells are done with, shape (M,), and the roots in them: the gradient is one-to-one there."""
    with numpy.errstate(all="ignore"):
        inverse = _inverse(look.j)
        change = numpy.einsum("mij,msjk->msik", inverse, look.j_samples - look.j[:, None])
        blur = numpy.einsum("mij,mj->mi", numpy.abs(inverse), 10 * noise).max(axis=1)
        one_to_one = numpy.abs(change).sum(axis=3).max(axis=(1, 2)) + blur <= _ONE_TO_ONE
    u, converged = newton(box, look.centres[one_to_one])
    distance = numpy.abs(u - look.centres[one_to_one]).max(axis=1) / look.size
    settled = one_to_one.copy()
    # A root outside is the neighbour's, unless it is so far away that this one may have been missed.
    settled[one_to_one] = converged & (distance <= 1.0)
    inside = converged & (distance <= 0.501) & (numpy.abs(u - 0.5) <= 0.5 + 1e-9).all(axis=1)
    return settled, numpy.clip(u[inside], 0.0, 1.0)


def newton(box: Field, start: Array, steps: int = 15) -> tuple[Array, Array]:
    """Newton's method from each of *start*, shape (N, d): where it ends, and whether it has come to rest there."""
    u = start.copy()
    last = numpy.full(len(u), numpy.inf)
    going = numpy.ones(len(u), dtype=bool)
    for _ in range(steps):
        if not going.any():
            break
        with numpy.errstate(all="ignore"):
            step = -numpy.einsum("mij,mj->mi", _inverse(box.jacobian(u[going])), box.gradient(u[going]))
        length = numpy.abs(step).max(axis=1)
        # At the end rounding makes the steps grow again: the one before was the last that helped.
        better = numpy.isfinite(length) & (length < numpy.maximum(last[going], 1e-3))
        which = numpy.flatnonzero(going)
        u[which[better]] += step[better]
        last[which[better]] = length[better]
        going[which[~better | (length <= 2 * box.rounding)]] = False
    return u, last <= 1e-9


def distinct(u: Array, apart: float = 1e-8) -> Array:
    """*u*, shape (N, d), in a fixed order and without those that lie at another."""
    u = u[numpy.lexsort(u.T[::-1])]
    again = numpy.zeros(len(u), dtype=bool)
    # Those near in the first coordinate stand one after the other.
    for back in range(1, len(u)):
        close = u[back:, 0] - u[:-back, 0] <= apart
        if not close.any():
            break
        again[back:] |= close & (numpy.abs(u[back:] - u[:-back]).max(axis=1) <= apart) & ~again[:-back]
    return u[~again]


# ---- groups of cells that do not get smaller


def _groups(index: Array) -> list[Array]:
    """The positions in *index* of each group of cells that touch, corners included."""
    if not len(index):
        return []
    variables = index.shape[1]
    keys = index[:, 0] if variables == 1 else index[:, 0] * (1 << 31) + index[:, 1]
    order = numpy.argsort(keys)
    parent = list(range(len(index)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for way in itertools.product((-1, 0, 1), repeat=variables):
        if way <= (0,) * variables:
            continue
        moved = keys + (way[0] if variables == 1 else way[0] * (1 << 31) + way[1])
        at = numpy.minimum(numpy.searchsorted(keys, moved, sorter=order), len(keys) - 1)
        for one in numpy.flatnonzero(keys[order[at]] == moved):
            parent[root(int(one))] = root(int(order[at[one]]))
    roots = numpy.array([root(item) for item in range(len(index))])
    return [numpy.flatnonzero(roots == item) for item in numpy.unique(roots)]


def _settle_groups(box: Field, index: Array, look: _Look, noise: Array, found: Search) -> Array:
    """Which cells belong to a curve of critical points or of kinks, which is added to *found*. Shape (M,)."""
    held = numpy.zeros(len(index), dtype=bool)
    for its in _groups(index):
        if int(numpy.ptp(index[its], axis=0).max()) + 1 < _EXTENDED:
            continue
        part = _of(look, its)
        if not numpy.isfinite(part.g_samples).all(axis=(1, 2)).mean() > 0.1:
            held[its] = True  # the edge of where the function is defined
            continue
        points = _curve_in(box, part, noise[its])
        if points is not None:
            found.extended.append(("line", points))
            held[its] = True
            continue
        points = jumps_in(box, part)
        if points is not None:
            found.extended.append(("kink", points))
            held[its] = True
    return held


def _curve_in(box: Field, look: _Look, noise: Array) -> Array | None:
    """Points of the curve of critical points that the cells follow; None if they follow none."""
    these = numpy.unique(numpy.linspace(0, len(look.centres) - 1, 600).astype(int))
    centres = look.centres[these]
    most = numpy.maximum(20 * noise[these], 1e-10 * numpy.abs(look.g_samples[these]).max(axis=1))
    u = numpy.clip(centres, 0.0, 1.0)
    for _ in range(60):
        g = box.gradient(u)
        if (numpy.abs(g) <= most).all() or not numpy.isfinite(g).all():
            break
        step = least_step(box, u, 1e-6)
        if not numpy.isfinite(step).all():
            return None
        u = u + numpy.clip(step, -look.size, look.size)
    there = (numpy.abs(box.gradient(u)) <= most).all(axis=1) & (numpy.abs(u - centres).max(axis=1) <= 3 * look.size)
    if there.mean() < 0.9 or float(numpy.ptp(u[there], axis=0).max()) < _EXTENDED * look.size / 2:
        return None
    sizes = numpy.linalg.svd(box.jacobian(u[there]), compute_uv=False)
    if numpy.median(sizes[:, 1] / numpy.maximum(sizes[:, 0], 1e-300)) > 1e-4:
        return None  # many single points, close together
    return distinct(u[there & (numpy.abs(u - 0.5) <= 0.5 + 1e-9).all(axis=1)], look.size / 2)


def least_step(box: Field, u: Array, part: float) -> Array:
    """Newton's steps, shape (N, d), not along ways whose eigenvalue is less than a *part* of the largest."""
    g, j = box.gradient(u), box.jacobian(u)
    steps = numpy.full(u.shape, numpy.nan)
    known = numpy.isfinite(j).all(axis=(1, 2))
    steps[known] = -numpy.einsum("mij,mj->mi", numpy.linalg.pinv(j[known], rcond=part, hermitian=True), g[known])
    return steps
