"""Notes as COCO's annotations: images, categories, and a box or polygon each.

A note stands in the `attributes` of its annotations, so that what was drawn comes back with what
was said. An image is called by its key: its own name may say who it is of.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import ExplorerError
from core.labels import PATHOLOGIES
from core.records.note import BOX

_NO_FINDING = "unspecified"
_CATEGORIES = {name: number for number, name in enumerate((*PATHOLOGIES, _NO_FINDING), 1)}


def written(records: Sequence[Mapping[str, Any]]) -> str:
    """COCO's JSON of records that have shapes."""
    images: dict[str, dict[str, Any]] = {}
    annotations: list[dict[str, Any]] = []
    for values in records:
        key = values["image_key"]
        size = {"width": values["width"], "height": values["height"]}
        image = images.setdefault(
            key, {"id": len(images) + 1, "file_name": f"{key}.png", "image_key": key, **size}
        )
        told = {name: value for name, value in values.items() if name != "shapes"}
        for shape in values["shapes"]:
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image["id"],
                 "category_id": _CATEGORIES[values["finding"] or _NO_FINDING],
                 **_drawn(shape), "iscrowd": 0, "attributes": {"shape": shape["kind"], **told}}
            )  # fmt: skip
    categories = [{"id": number, "name": name} for name, number in _CATEGORIES.items()]
    content = {
        "images": list(images.values()), "categories": categories, "annotations": annotations
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def records(content: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Records of what `written` wrote, the annotations of a note put together again.

    Raises:
        ExplorerError: an annotation is no note of ours.
    """
    notes: dict[str, dict[str, Any]] = {}
    for number, annotation in enumerate(content["annotations"], 1):
        try:
            told = dict(annotation["attributes"])
            shape = {"kind": told.pop("shape"), "points": _points(annotation)}
            notes.setdefault(str(told["id"]), {**told, "shapes": []})["shapes"].append(shape)
        except (KeyError, TypeError, ValueError, IndexError):
            raise ExplorerError(
                f"{name}, annotation {number}, says nothing of who noted what of which film; give "
                "a file that `notes export` wrote."
            ) from None
    return iter(notes.values())


def _drawn(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Box, outline and area; a box has an outline, too, for programs that draw outlines alone."""
    points = shape["points"]
    (left, top), (right, low) = (
        [pick(point[side] for point in points) for side in (0, 1)] for pick in (min, max)
    )
    if shape["kind"] == BOX:
        points = [[left, top], [right, top], [right, low], [left, low]]
    ahead = [*points[1:], points[0]]
    area = sum(x * v - u * y for (x, y), (u, v) in zip(points, ahead, strict=True)) / 2
    return {
        "bbox": [left, top, right - left, low - top],
        "segmentation": [[side for point in points for side in point]],
        "area": abs(area),
    }


def _points(annotation: Mapping[str, Any]) -> list[list[float]]:
    """Corners by the outline: a box's width would not give its right side back to the last bit."""
    (outline,) = annotation["segmentation"]
    points = [[x, y] for x, y in zip(outline[::2], outline[1::2], strict=True)]
    return [points[0], points[2]] if annotation["attributes"]["shape"] == BOX else points
