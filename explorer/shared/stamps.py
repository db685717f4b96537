"""What the sanity tests said of a map, in a few words beside it."""

from core.errors import ExplorerError
from explorer.shared import cache


def caption(spec: str, choice: str) -> str:
    """The stamp of a model's map as a caption: what failed is marked, what is untested says so.

    Args:
        choice: the map in words, such as `gradcam:layercam:local:lrclr`.
    """
    text, marked = stamp(spec, choice)
    # In bold: a caption's colours fall short of AA.
    return f"**:material/warning: {text}**" if marked else text


def stamp(spec: str, choice: str) -> tuple[str, bool]:
    """The stamp of a model's map in words, and whether it is to be marked: a test was failed.

    Args:
        choice: as in `caption`.
    """
    from core.analysis.stamps import UNTESTED, stamps_of

    try:
        told = stamps_of(spec, cache.predictor(spec).model_hash).get(choice)
    except ExplorerError as error:
        return str(error), True
    return (UNTESTED, False) if told is None else (told.text, bool(told.failed))
