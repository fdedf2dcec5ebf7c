"""What a figure holds, as numbers: so that what one framework drew can be held against what another one did."""

from __future__ import annotations

from typing import Any

import numpy

# Numbers of one array that are kept; of a larger one, every second, third and so on.
_MOST_NUMBERS = 20_000


def artists_of(figure: Any) -> list[list[Any]]:
    """Each artist with data: the number of its axes, its kind, its name, and its arrays as shape and bytes."""
    found = []
    for number, axes in enumerate(figure.axes):
        counts: dict[str, int] = {}
        for kind, artist, arrays in _of_axes(axes):
            counts[kind] = counts.get(kind, 0) + 1
            label = str(artist.get_label() or "")
            name = f"{kind} {counts[kind]}" + (f" ({label!r})" if label and not label.startswith("_") else "")
            found.append([number, kind, name, [packed(array) for array in arrays]])
    return found


def packed(array: Any) -> list[Any]:
    """Shape and little-endian float64 bytes; of a large array only a part of the numbers."""
    numbers: Any = numpy.ma.filled(numpy.ma.asarray(array, dtype=float), numpy.nan)
    flat = numbers.ravel()
    step = -(-flat.size // _MOST_NUMBERS)
    return [list(numbers.shape), flat[:: max(step, 1)].astype("<f8").tobytes()]


def _of_axes(axes: Any) -> Any:
    for line in axes.lines:
        in_space = hasattr(line, "get_data_3d")
        yield "line", line, [numpy.array(part) for part in (line.get_data_3d() if in_space else line.get_data())]
    for collection in axes.collections:
        arrays = _of_collection(collection)
        if arrays:
            yield _kind(collection), collection, arrays
    for image in axes.images:
        yield "image", image, [image.get_array(), numpy.array(image.get_extent())]
    for patch in axes.patches:
        yield "patch", patch, [patch.get_path().transformed(patch.get_patch_transform()).vertices]


def _kind(collection: Any) -> str:
    name = type(collection).__name__
    known = {"PathCollection": "points", "Path3DCollection": "points", "QuadMesh": "mesh"}
    if name in ("Poly3DCollection", "Line3DCollection"):
        return "surface"
    return known.get(name, "contour" if "Contour" in name else "collection")


def _of_collection(collection: Any) -> list[Any]:
    """Its numbers: where it is drawn, and what its colours stand for."""
    arrays = []
    if hasattr(collection, "_segments3d"):
        arrays += [numpy.asarray(line, dtype=float) for line in collection._segments3d]
    elif hasattr(collection, "_vec") and collection._vec is not None:
        arrays.append(numpy.asarray(collection._vec))
    elif hasattr(collection, "_faces"):
        arrays.append(numpy.asarray(collection._faces))
    elif hasattr(collection, "_offsets3d"):
        arrays += [numpy.asarray(part) for part in collection._offsets3d]
    elif type(collection).__name__ == "QuadMesh":
        arrays.append(collection.get_coordinates())
    elif type(collection).__name__ == "PathCollection":
        arrays.append(collection.get_offsets())
    else:
        arrays += [path.vertices for path in collection.get_paths()]
    if collection.get_array() is not None:
        arrays.append(collection.get_array())
    joined: list[Any] = []
    if len(arrays) > 8:  # one for each line of a wireframe: two arrays say as much
        sizes = numpy.array([len(part) for part in arrays])
        joined = [sizes, numpy.concatenate([numpy.ravel(part) for part in arrays])]
    return joined or arrays
