"""What a link of a lesson may set of a page, hidden controls included."""

from core.analysis.threshold import parse_rule
from core.inference.score_names import SCORES
from core.lessons import fields
from core.lessons.fields import REQUIRED, Field
from core.paths import ROOT
from core.phantom.patient import parse_patient


def pages() -> tuple[str, ...]:
    """Pages of the app, by their file."""
    return tuple(sorted(path.stem for path in (ROOT / "pages").glob("*.py")))


def _rule(text: str) -> str:
    return str(parse_rule(text))


def _patient(text: str) -> str:
    return str(parse_patient(text))


def link_fields() -> dict[str, Field]:
    """Fields of a link, by name."""
    return {
        "page": Field("which page it opens", fields.one_of(*pages()), REQUIRED),
        "label": Field("what stands on it", fields.words, REQUIRED),
        "set": Field("study set", fields.phantoms, ""),
        "study": Field("row of the film in its set, from 0", fields.count(0, 99_999)),
        "prompt": Field("the text that pages share", fields.prompt, ""),
        "finding": Field("whose errors or prompts are shown", fields.finding, ""),
        "score": Field("that Errors judges by", fields.one_of(*SCORES), ""),
        "threshold": Field("rule of the threshold on Errors", _rule, ""),
        "fit": Field("set that the threshold is fitted on", fields.phantoms, ""),
        "patient": Field("whom the lab begins with, as its links have it", _patient, ""),
        "cam": Field("what Compare's maps explain: gradcam:VARIANT:LAYER:SCORE",
                     fields.map_choice, ""),
    }  # fmt: skip
