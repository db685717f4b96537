"""Presenter: a film in the whole window for a class, a key for each layer, the next film.

Nothing is made before somebody presents.
"""

from collections.abc import Sequence
from typing import Any

from core.studies import StudySet
from explorer.regions import cache as region_cache
from explorer.shared import cache, components, film_stage, palette, state, window_control, words
from explorer.shared.figures import Picture
from explorer.shared.film_stage import FilmLayer, StageFilm
from explorer.shared.state import Current

_KEY = "presenter"
_BUTTON = "Present"


def draw(current: Current, text: str = "") -> None:
    """The button of a page that shows a film of the session.

    Args:
        text: that regions and maps are for; by default the session's prompt.
    """
    spec, count = state.session().model, len(current.studies)

    def left(told: dict[str, Any]) -> None:
        if told.get("step") in (-1, 1) and not current.uploaded:
            state.choose_row((current.row + told["step"]) % count)

    shown = None
    if film_stage.presenting(_KEY):
        picture = window_control.picture(current)
        ways = None if current.uploaded else _ways()
        shown = _shown(spec, current, text or state.session().prompt, picture, ways)
    film_stage.draw(_KEY, shown, left, _BUTTON)


def draw_lesson(key: str, spec: str, studies: StudySet, rows: Sequence[int], text: str) -> None:
    """The button of a picture of a lesson.

    Args:
        rows: the picture's own film, then those that come next.
    """
    picture, further = state.session().presented
    at = further if picture == key else 0

    def left(told: dict[str, Any]) -> None:
        if told.get("step") in (-1, 1):
            state.present_film(key, (at + told["step"]) % len(rows))

    shown = None
    if film_stage.presenting(f"{key}_{_KEY}"):
        current = Current(studies, rows[at])
        shown = _shown(spec, current, text, window_control.picture(current), _ways())
    film_stage.draw(f"{key}_{_KEY}", shown, left, _BUTTON)


def _ways() -> dict[str, Any]:
    return {"previous": "Film before", "next": "Next film", "back": True, "on": True}


def _shown(
    spec: str, current: Current, text: str, picture: Picture, ways: dict[str, Any] | None
) -> StageFilm:
    name = components.film_name(current)
    serial = f"{current.studies.spec} {current.row} {text}"
    layers = [_truth(current, picture)]
    if region_cache.is_kept(current, text) or words.goes_on(text):
        layers.append(_regions(spec, current, text, picture))
        for key, name, method in (("M", "LRCLR map", "lrclr"), ("G", "Grad-CAM", "gradcam")):
            tone = palette.MODEL if method == "lrclr" else palette.RIVAL
            layers.append(_map(key, name, method, spec, current, text, tone))
    place = "" if current.uploaded else f"Film {current.row + 1} of {len(current.studies)}"
    return StageFilm(serial, picture, f"{name}.", place, f"“{text}”", layers, ways)


def _truth(current: Current, picture: Picture) -> FilmLayer:
    masks = {name: mask for name, mask in current.studies.masks(current.row).items() if mask.any()}
    shape = (picture.shape[0], picture.shape[1])
    outline = film_stage.outlined(list(masks.values()), palette.TRUTH, shape) if masks else ""
    name = ", ".join(sorted(masks)) or "nothing that has a place"
    # The name would give the answer away before the layer is switched on.
    return FilmLayer("T", "Truth", palette.TRUTH, on=False, picture=outline, told=name)


def _regions(spec: str, current: Current, text: str, picture: Picture) -> FilmLayer:
    shape = (picture.shape[0], picture.shape[1])
    chosen = region_cache.weighed_boxes(spec, current.studies, current.row, text, shape)
    top = max((float(weight) for weight in chosen.weights), default=1.0) or 1.0
    boxes = [
        (x / shape[1], y / shape[0], w / shape[1], h / shape[0],
         0.25 + 0.75 * (1 - chosen.nowhere) * (float(weight) / top) ** 0.5)
        for (x, y, w, h), weight in zip(chosen.boxes, chosen.weights, strict=True)
    ]  # fmt: skip
    return FilmLayer("R", "Regions", palette.MODEL, boxes=boxes)


def _map(
    key: str, name: str, method: str, spec: str, current: Current, text: str, tone: str
) -> FilmLayer:
    from core.attribution import choose

    choice = str(choose(method, cache.predictor(spec)))
    heat = region_cache.saliency(choice, spec, current.studies, current.row, (text,), (160, 160))
    return FilmLayer(key, name, tone, on=False, picture=film_stage.heated(heat, (160, 160)))
