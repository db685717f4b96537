"""What commands do with a text whose words the model does not know."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from core.inference.predictor import Predictor

ANYWAY_HELP = "Go on with words that the model does not know."


def check_texts(predictor: "Predictor", texts: Iterable[str], refuse: bool) -> None:
    """Refuse words that the model does not know, or say so on stderr.

    Raises:
        ExplorerError: `refuse`, and the model does not know one of the texts.
    """
    from core.inference.known_words import check_words, refuse_unknown

    backbone = predictor.model.backbone
    for text in texts:
        if refuse:
            refuse_unknown(backbone, text)
        if sentence := check_words(text).sentence(backbone):
            typer.echo(f"“{text}”: {sentence}", err=True)
