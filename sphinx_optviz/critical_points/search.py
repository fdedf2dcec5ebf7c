"""Where the gradient can vanish: cells of the box are ruled out, found to hold one root, or divided."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy

if TYPE_CHECKING:
    from sphinx_optviz.critical_points.breaks import values_of
    from sphinx_optviz.critical_points.curves import Curve, settle_groups
    from sphinx_optviz.critical_points.field import Array, Field
    from sphinx_optviz.critical_points.groups import Group, connected
    from sphinx_optviz.critical_points.hull import may_balance
    from sphinx_optviz.critical_points.kinks import kinks_in, locate_jumps

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

# Where in a cell rounding is measured, from its centre and in units of the cell: kinks often lie on a centre, or on
# the diagonals through it.
_ASIDE = (0.0137, 0.0059)

# A gradient of so many times its noise is no more than rounding.
_NO_MORE = 100

# Divisions after which a group of cells is looked at as a whole.
_FIRST_LOOK = 3

# Divisions after which cells are asked whether gradients that jump can balance in them; and which of them: those in
# which the gradient strays from its linear model by so much of what it changes by.
_FIRST_HULL = 2
_BENT = 0.2

# A jump of less than this part of the gradient may be rounding.
_LEAST_JUMP = 1e-6

# Cells around kinks in two variables are divided till they are so small: in smaller ones noise is measured across them.
_SMALLEST_KINK = 2.0**-20

# Cells of this size, in units of the box, tell where a function steps from one plateau to the next.
_STEP_CELL = {1: _SMALLEST, 2: 2.0**-9}

# What the values of a plateau may differ by, against how large they are.
_LEVEL = 1e-9


class Search:
    """What was found in the unit box."""

    def __init__(self, variables: int) -> None:
        # Each alone in its surroundings, with a Jacobian that is not singular. Shape (K, d).
        self.roots: Array = numpy.zeros((0, variables))
        self.isolated: list[Group] = []  # around one point each
        self.curves: list[Curve] = []
        self.kinks: list[Array] = []  # single places where the gradient jumps, shape (d,)
        self.creases: list[Array] = []  # curves along which it jumps, (N, 2) each, in order
        self.flat: list[tuple[Array, float]] = []  # centres of cells without any slope, and their size
        self.poles: list[Array] = []  # single places towards which the gradient has no limit, (d,)
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


class _Cells(NamedTuple):
    """Cells that are left: their numbers, what is known of them, and the noise of the gradient in them, (M, d)."""

    numbers: Array
    look: _Look
    noise: Array
    has_pieces: Array  # see the functions of these names, (M,)
    is_bent: Array

    def those(self, keep: Array) -> _Cells:
        return _Cells(
            self.numbers[keep], _of(self.look, keep), self.noise[keep], self.has_pieces[keep], self.is_bent[keep]
        )


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
        cells = _Cells(index, look, noise, _has_pieces(look), _is_bent(look))
        if level == 0:
            found.first_look = look
            if everywhere:
                found.kinks, found.creases = kinks_in(box, look)
        # What samples tell of a cell holds for the pieces of a function that they lie in, and not beyond a kink.
        keep = _may_hold_a_root(look, noise, box.rounding) | cells.has_pieces
        cells = _without_plateaus(box, cells.those(keep), found)
        cells = _without_kinks(box, cells, found, level)
        settled, its_roots = _roots_in(box, cells.look, cells.noise)
        roots.append(its_roots)
        cells = cells.those(~settled | cells.has_pieces)
        if level >= _FIRST_LOOK and box.variables == 2:
            cells = cells.those(~settle_groups(box, cells.numbers, cells.look, cells.noise, found))
        index, noise = cells.numbers, cells.noise
        if size <= _SMALLEST:
            break
        parts = numpy.array(list(itertools.product((0, 1), repeat=box.variables)))
        index = (2 * index[:, None, :] + parts).reshape(-1, box.variables)
        noise = numpy.repeat(noise, len(parts), axis=0)
        size, level = size / 2, level + 1
    else:
        index = numpy.zeros((0, box.variables), dtype=int)
    if not found.doubts and len(index):
        found.isolated += [Group((index[its] + 0.5) * size, size, noise[its]) for its in connected(index)]
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


def _is_bent(look: _Look) -> Array:
    """Whether the gradient strays from its linear model as it does where it jumps, shape (M,)."""
    bent: Array = strays(look).max(axis=1) > _BENT * numpy.abs(look.j).sum(axis=2).max(axis=1)
    return bent


def _without_plateaus(box: Field, cells: _Cells, found: Search) -> _Cells:
    """Those of some *cells*, with the noise that is in them, that are no part of a plateau: these go to *found*."""
    size = cells.look.size
    aside = numpy.array(_ASIDE[: box.variables]) * size
    noise = box.noise(cells.look.centres + aside)
    cells = cells._replace(noise=noise)
    flat = _is_flat(cells.look, noise)
    for off in (-2, 3, -5):  # a jump at one place is no noise
        unsure = flat | cells.is_bent
        noise[unsure] = numpy.minimum(noise[unsure], box.noise(cells.look.centres[unsure] + off * aside))
        flat &= _is_flat(cells.look, noise)
    steps = numpy.zeros_like(flat)
    steps[flat] = _has_steps(box, _of(cells.look, flat), noise[flat])
    found.flat.append((cells.look.centres[flat & ~steps], size))
    # Between two plateaus there is nothing but where the one ends and the other begins.
    return cells.those(~(flat & (~steps | (size <= _STEP_CELL[box.variables]))))


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
        if look.centres.shape[1] == 2:
            left = ~ruled_out
            ruled_out[left] = _leads_on(_of(look, left), noise[left], rounding)
        nowhere = ~numpy.isfinite(look.g_samples).any(axis=(1, 2)) & ~numpy.isfinite(look.g).any(axis=1)
    keep: Array = ~(ruled_out | nowhere)
    return keep


def _leads_on(look: _Look, noise: Array, rounding: float) -> Array:
    """Whether the gradient cannot vanish along one of the Hessian's eigenvectors, shape (M,).

    In a narrow valley that falls a little all along, that may be seen in this direction alone.
    """
    known = numpy.asarray(numpy.isfinite(look.j).all(axis=(1, 2)))
    ways = numpy.linalg.eigh(numpy.where(known[:, None, None], look.j, 0.0))[1]  # in columns
    off = numpy.abs(numpy.einsum("msi,mik->msk", _beside_model(look), ways)).max(axis=1)
    bends = numpy.abs(numpy.einsum("msij,mik->mskj", look.j_samples - look.j[:, None], ways)).sum(axis=3).max(axis=1)
    slope = numpy.abs(numpy.einsum("mij,mik->mkj", look.j, ways)).sum(axis=2)
    uncertain = 5 * numpy.einsum("mi,mik->mk", noise, numpy.abs(ways)) + slope / look.size * rounding
    along = numpy.abs(numpy.einsum("mi,mik->mk", look.g, ways))
    found: Array = (along > slope + _SAFETY * numpy.maximum(off, bends / 2) + uncertain).any(axis=1)
    return found


def strays(look: _Look) -> Array:
    """How far each component of the gradient strays from its linear model in each cell, shape (M, d)."""
    furthest: Array = numpy.abs(_beside_model(look)).max(axis=1)
    return furthest


def _beside_model(look: _Look) -> Array:
    """What the gradient at each sample is beside its linear model, shape (M, S, d)."""
    model = look.g[:, None, :] + numpy.einsum("mij,sj->msi", look.j, _offsets(look.centres.shape[1]))
    beside: Array = look.g_samples - model
    return beside


def _is_flat(look: _Look, noise: Array) -> Array:
    """Whether the gradient is nowhere in a cell more than rounding. Shape (M,)."""
    largest = numpy.maximum(numpy.abs(look.g), numpy.abs(look.g_samples).max(axis=1))
    flat: Array = (largest <= _NO_MORE * noise).all(axis=1)
    return flat


def _has_pieces(look: _Look) -> Array:
    """Whether the gradient strays from its linear model by more than its Jacobian changes, shape (M,)."""
    bends = numpy.abs(look.j_samples - look.j[:, None]).sum(axis=3).max(axis=(1, 2))
    largest = numpy.maximum(numpy.abs(look.g).max(axis=1), numpy.abs(look.g_samples).max(axis=(1, 2)))
    pieces: Array = strays(look).max(axis=1) > numpy.maximum(2 * bends, _LEAST_JUMP * largest)
    return pieces


def _without_kinks(box: Field, cells: _Cells, found: Search, level: int) -> _Cells:
    """Those of some *cells* that are not done with where the gradient jumps.

    For it cannot balance there; or because they are small enough, and their groups go to *found*.
    """
    size = cells.look.size
    bent = cells.has_pieces | cells.is_bent if level >= _FIRST_HULL else cells.has_pieces.copy()
    bent[bent] = ~may_balance(box, cells.look.centres[bent], size, cells.noise[bent])
    cells = cells.those(~bent)
    kinky = cells.is_bent.copy()
    if size > _SMALLEST_KINK or box.variables == 1 or not kinky.any():
        return cells
    kinky[kinky] = locate_jumps(box, _of(cells.look, kinky)).is_jump
    jumping = cells.those(kinky)
    found.isolated += [
        Group(jumping.look.centres[its], cells.look.size, jumping.noise[its]) for its in connected(jumping.numbers)
    ]
    return cells.those(~kinky)


def _has_steps(box: Field, look: _Look, noise: Array) -> Array:
    """Whether the values in a cell without slope differ all the same. Shape (M,)."""
    if not len(look.centres):
        return numpy.zeros(0, dtype=bool)
    values = values_of(box, look)
    most = _LEVEL * numpy.abs(values).max(axis=1) + 2 * _NO_MORE * look.size * noise.sum(axis=1)
    found: Array = numpy.ptp(values, axis=1) > most
    return found


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
    """*u*, shape (N, d), in a fixed order and without those that lie at another that is kept."""
    u = u[numpy.lexsort(u.T[::-1])]
    kept = numpy.ones(len(u), dtype=bool)
    # Those near in the first coordinate stand one after the other.
    ends = numpy.searchsorted(u[:, 0], u[:, 0] + apart, side="right")
    for row in numpy.flatnonzero(ends > numpy.arange(len(u)) + 1):
        if kept[row]:
            after = slice(row + 1, ends[row])
            kept[after] &= numpy.abs(u[after] - u[row]).max(axis=1) > apart
    return u[kept]
