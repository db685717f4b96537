"""What the sanity tests said of a map, in a few words beside it."""

from core.errors import ExplorerError
from explorer.shared import cache


def caption(spec: str, choice: str) -> str:
    """The stamp of a model's map as a caption: what failed is marked, what is untested says so.

    Args:
        choice: the map in words, such as `gradcam:layercam:local:lrclr`.
    """
    from core.analysis.stamps import UNTESTED, stamps_of

    try:
        stamp = stamps_of(spec, cache.predictor(spec).model_hash).get(choice)
    except ExplorerError as error:
        return f"**{error}**"
    if stamp is None:
        return UNTESTED
    # In bold: a caption's colours fall short of AA.
    return f"**:material/warning: {stamp.text}**" if stamp.failed else stamp.text
