"""Where boxes go, each with an arrow to a point: inside a frame, off what is there, off each other. All in points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Points = np.ndarray[Any, np.dtype[np.float64]]
Bits = np.ndarray[Any, np.dtype[np.bool_]]

# Where a box may be tried around its point: ways from there, and distances of its edge.
_WAYS = np.array([(math.cos(step * math.pi / 12), math.sin(step * math.pi / 12)) for step in range(24)])
_DISTANCES = np.array((12.0, 16.0, 22.0, 30.0, 42.0, 58.0, 80.0))

# And everywhere in the frame, so far apart, but no more than so many each way.
_APART = np.array((6.0, 5.0))
_MOST = 48

# Arrows are long enough to be seen, and best about so long.
_SHORTEST = 7.0
_BEST = 15.0

_ARROWS = 500  # candidates whose arrows are looked at
_NEAR, _FAR = 160, 80  # candidates that are left: the best, and some of the others

_CELLS = 800  # of a raster each way, at most
_SAMPLES = 20  # of an arrow
_ROUNDS = 40
_FEW = 6  # boxes for which the best layout is worth the time, and not only one without conflicts
_WRONG = 100.0  # what a conflict costs, where a point more of an arrow costs a twentieth


class Raster:
    """What is on a page, in cells of about a point, with sums that tell at once how much of it lies in a box."""

    def __init__(self, size: Points, places: Points) -> None:
        self._cell = max(1.0, float(size.max()) / _CELLS)
        width, height = (int(length / self._cell) + 1 for length in size)
        cells = np.floor(places / self._cell).astype(int)
        cells = cells[((cells >= 0) & (cells < (width, height))).all(axis=1)]
        there = np.zeros((width + 1, height + 1), dtype=np.int32)
        there[cells[:, 0] + 1, cells[:, 1] + 1] = 1
        self._sums = there.cumsum(axis=0).cumsum(axis=1)
        self._end = np.array(self._sums.shape) - 1

    def inside(self, low: Points, high: Points) -> Points:
        """How many full cells the boxes from *low* to *high* touch, shapes (..., 2)."""
        x0, y0 = np.moveaxis(np.clip(np.floor(low / self._cell), 0, self._end).astype(int), -1, 0)
        x1, y1 = np.moveaxis(np.clip(np.ceil(high / self._cell), 0, self._end).astype(int), -1, 0)
        counts: Points = self._sums[x1, y1] - self._sums[x0, y1] - self._sums[x1, y0] + self._sums[x0, y0]
        return counts

    def at(self, places: Points) -> Bits:
        """Whether something is there or beside it, shape (..., 2)."""
        found: Bits = self.inside(places - 1.0, places + 1.0) > 0
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What boxes have to fit in."""

    frame: tuple[Points, Points]
    solid: Raster  # what neither a box nor an arrow may touch
    lines: Raster  # what boxes keep off and arrows cross only if they must
    strict: bool  # whether a box on lines is wrong, and not only worse


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """What is to be placed: its half-size, the point that it belongs to, and how far from there its arrow ends."""

    tip: Points
    half: Points
    clear: float


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where one or several boxes are or may be, with their arrows; shapes (N, 2)."""

    middles: Points
    halves: Points
    starts: Points
    ends: Points

    def __getitem__(self, index: Any) -> _Places:
        return _Places(self.middles[index], self.halves[index], self.starts[index], self.ends[index])

    def conflicts(self, others: _Places) -> Points:
        """How much each of these, shape (N, 1), is in the way of each of *others*, shape (M,)."""
        mine = self[:, None]
        overlap = (np.abs(mine.middles - others.middles) < mine.halves + others.halves).all(axis=-1)
        through = _cuts(mine, others).astype(float) + _cuts(others, mine)
        return 3.0 * overlap + through + _cross(mine, others)


def _cuts(arrows: _Places, boxes: _Places) -> Bits:
    """Whether the arrows go through the boxes."""
    middle = (arrows.starts + arrows.ends) / 2 - boxes.middles
    half = (arrows.ends - arrows.starts) / 2
    long = np.abs(half)
    near = (np.abs(middle) < boxes.halves + long).all(axis=-1)
    aside = np.abs(middle[..., 0] * half[..., 1] - middle[..., 1] * half[..., 0])
    cut: Bits = near & (aside < boxes.halves[..., 0] * long[..., 1] + boxes.halves[..., 1] * long[..., 0])
    return cut


def _side(start: Points, end: Points, point: Points) -> Points:
    along, there = end - start, point - start
    return np.sign(along[..., 0] * there[..., 1] - along[..., 1] * there[..., 0])


def _cross(ones: _Places, others: _Places) -> Bits:
    """Whether arrows cross each other."""
    parted = _side(ones.starts, ones.ends, others.starts) * _side(ones.starts, ones.ends, others.ends) < 0
    crossed: Bits = parted & (
        _side(others.starts, others.ends, ones.starts) * _side(others.starts, others.ends, ones.ends) < 0
    )
    return crossed


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """The candidates for one box: where, what is wrong with each, and how ugly it is."""

    places: _Places
    wrong: Points
    cost: Points


def _around(box: Box, page: Page) -> Points:
    """Middles to be tried, shape (N, 2): around the point and all over the frame, as far as the box is inside."""
    low, high = page.frame[0] + box.half, page.frame[1] - box.half
    low, high = np.minimum(low, (low + high) / 2), np.maximum(high, (low + high) / 2)
    reach = _DISTANCES[:, None] + np.abs(_WAYS) @ box.half
    ring = (box.tip + _WAYS * reach[..., None]).reshape(-1, 2)
    ring = ring[((ring >= low) & (ring <= high)).all(axis=1)]
    counts = np.minimum(np.ceil((high - low) / _APART).astype(int) + 1, _MOST)
    grid = np.stack(
        np.meshgrid(np.linspace(low[0], high[0], counts[0]), np.linspace(low[1], high[1], counts[1])), axis=-1
    )
    return np.concatenate([ring, grid.reshape(-1, 2)])


def _choice(box: Box, page: Page) -> _Choice:
    middles = _around(box, page)
    low, high = middles - box.half, middles + box.half
    gap = np.hypot(*np.maximum(np.abs(box.tip - middles) - box.half, 0).T) - box.clear
    solid, lines = page.solid.inside(low, high), page.lines.inside(low, high)
    wrong = 1.0 * (solid > 0) + solid / 100 + (gap < _SHORTEST) * (0.5 - gap / 100)
    cost = np.where(gap > _BEST, 0.05 * (gap - _BEST), 0.15 * (_BEST - gap))
    if page.strict:
        wrong += 1.0 * (lines > 0) + lines / 100
    else:
        cost += 40.0 * lines / np.prod(2 * box.half)
    # The order of equals is theirs: sorting is stable.
    first = np.argsort(_WRONG * wrong + cost, kind="stable")[:_ARROWS]
    middles, wrong, cost = middles[first], wrong[first], cost[first]

    way = box.tip - middles
    length = np.hypot(*way.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        hidden = np.min(box.half / np.abs(way), axis=1)
        shown = 1 - np.nan_to_num(box.clear / length, posinf=1.0)
    starts = middles + way * np.minimum(hidden, 1.0)[:, None]
    ends = middles + way * np.maximum(shown, 0.0)[:, None]
    parts = np.linspace(0.0, 1.0, _SAMPLES)[:, None]
    samples = starts[:, None, :] + parts * (ends - starts)[:, None, :]
    # The point's own mark is there in any case.
    own = np.hypot(*np.moveaxis(samples - box.tip, -1, 0)) < box.clear + 7
    wrong += 1.0 * (page.solid.at(samples) & ~own).any(axis=1)
    crossed = (page.lines.at(samples) & ~own).sum(axis=1)
    cost += 1.5 * (crossed > 0) + 0.15 * crossed

    best = np.argsort(_WRONG * wrong + cost, kind="stable")
    rest = best[_NEAR:]
    rest = rest[wrong[rest] == 0]
    some = rest[np.linspace(0, len(rest) - 1, min(_FAR, len(rest))).astype(int)] if len(rest) else rest
    kept = np.concatenate([best[:_NEAR], some])
    places = _Places(middles, np.broadcast_to(box.half, middles.shape), starts, ends)
    return _Choice(places[kept], wrong[kept], cost[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The middles of the boxes, shape (N, 2), and how much is wrong with them: nothing, if it is 0."""

    middles: Points
    wrong: float


class _Search:
    """Takes one candidate for each box; see :func:`lay_out`."""

    def __init__(self, choices: list[_Choice]) -> None:
        self._choices = choices
        self._all = list(range(len(choices)))

    def _there(self, taken: list[int], boxes: list[int]) -> _Places:
        fields = ("middles", "halves", "starts", "ends")
        return _Places(
            *(np.array([getattr(self._choices[i].places, name)[taken[i]] for i in boxes]) for name in fields)
        )

    def _best(self, i: int, taken: list[int], others: list[int], weights: Points) -> int:
        choice = self._choices[i]
        cost = _WRONG * choice.wrong + choice.cost
        if others:
            conflicts = choice.places.conflicts(self._there(taken, others))
            cost = cost + _WRONG * conflicts @ weights[others]
        best = int(cost.argmin())
        return best if cost[best] < cost[taken[i]] - 1e-9 else taken[i]

    def run(self, order: list[int]) -> tuple[float, float, Points]:
        """What the best places cost, what is wrong with them, and the middles of the boxes."""
        taken = [0] * len(order)
        weights = np.ones((len(order), len(order)))
        for number, i in enumerate(order):
            taken[i] = self._best(i, taken, order[:number], weights[i])
        found = (math.inf, 0.0, np.zeros((0, 2)))
        for _ in range(_ROUNDS):
            before = list(taken)
            for i in order:
                taken[i] = self._best(i, taken, [j for j in self._all if j != i], weights[i])
            places = self._there(taken, self._all)
            pairs = np.triu(places.conflicts(places), 1)
            wrong = float(pairs.sum()) + sum(float(self._choices[i].wrong[taken[i]]) for i in self._all)
            value = _WRONG * wrong + sum(float(self._choices[i].cost[taken[i]]) for i in self._all)
            if value < found[0] - 1e-9:
                found = (value, wrong, places.middles)
            if taken == before:
                if not pairs.any():
                    break
                weights += pairs + pairs.T
        return found


def lay_out(boxes: list[Box], page: Page) -> Layout:
    """Place *boxes* jointly.

    First one after the other. Then each in turn moves to where it is best among the others. Where that ends with some
    in conflict, their conflict weighs more, and it goes on. This is done in three orders, and the best result counts:
    those first that have the fewest good places, from the left, and from the right. Many boxes that have found their
    places in the first order stay there.
    """
    choices = [_choice(box, page) for box in boxes]
    every = list(range(len(boxes)))
    search = _Search(choices)
    orders = (
        sorted(every, key=lambda i: (int((choices[i].wrong == 0).sum()), i)),
        sorted(every, key=lambda i: (float(boxes[i].tip[0]), i)),
        sorted(every, key=lambda i: (-float(boxes[i].tip[0]), i)),
    )
    found = [search.run(orders[0])]
    if len(boxes) <= _FEW or found[0][1] > 0:
        found += [search.run(order) for order in orders[1:]]
    _, wrong, middles = min(found, key=lambda one: one[0])
    return Layout(middles, wrong)
