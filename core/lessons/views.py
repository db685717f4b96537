"""The one table of live pictures: what a lesson can set of each, and what a student can change."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.lessons import batch, depth, fields, kept, shortcuts
from core.lessons.checked import AnswerKind
from core.lessons.fields import REQUIRED, Field
from core.phantom.twins import CHANGES


@dataclass(frozen=True)
class LessonView:
    """A live picture.

    Attributes:
        about: what it shows.
        fields: what a lesson sets.
        changes: fields that a student can change, and of which kind what they set is.
    """

    about: str
    fields: Mapping[str, Field]
    changes: Mapping[str, AnswerKind]


_FINDING = Field("one finding, or several of which each student has one", fields.findings, REQUIRED)
_STUDY = Field("row of the film in the lesson's set, from 0", fields.count(0, 99_999), REQUIRED)
_TEXT = Field("what a report might say", fields.prompt, REQUIRED)

VIEWS: dict[str, LessonView] = {
    "film": LessonView(
        "One film, the boxes that a text weighs, and the truth outlined if wanted.",
        {"study": _STUDY, "text": _TEXT, "truth": Field("finding to outline", fields.finding, "")},
        {"text": "text"},
    ),
    "ranking": LessonView(
        "The student's own films in the order of a text's score: with the finding, and without.",
        {"finding": _FINDING, "text": Field("what a report might say", fields.prompt, ""),
         "score": Field("which score ranks", fields.score, "lrclr")},
        {"text": "text"},
    ),
    "threshold": LessonView(
        "The scores of own films with and without a finding, and a threshold that calls them.",
        {"finding": _FINDING, "text": Field("that is scored", fields.prompt, ""),
         "start": Field("where the threshold begins", fields.number(-6, 6), 0.0)},
        {"threshold": "number"},
    ),
    "maps": LessonView(
        "A map on own films with a finding, outlined, each with hit or miss, and the hit rate.",
        {"finding": _FINDING, "text": Field("that the maps are made for", fields.prompt, ""),
         "map": Field("the map, in words", fields.map_choice, REQUIRED),
         "films": Field("how many films", fields.count(1, 12), 6)},
        {"map": "map"},
    ),
    "matrix": LessonView(
        "A batch of own films: how likely each would choose each film's sentence.",
        {"size": batch.SIZE, "number": batch.NUMBER,
         "temperature": Field("where it begins", fields.number(0.01, 1), 0.1),
         "truth": Field("whether true pairs off the diagonal are marked", fields.yes_no, False)},
        {"temperature": "number"},
    ),
    "depth": LessonView(
        "A film with a patch hidden, and how much the tokens of a block change by it.",
        {"study": _STUDY, "patch": Field("which of the patches, from 0",
                                         fields.count(0, len(depth.PATCHES) - 1), 2)},
        {"block": "number"},
    ),
    "kept": LessonView(
        "The K regions that a scorer keeps of own films with a finding, beside all scorers.",
        {"finding": _FINDING, "text": Field("that regions are chosen for", fields.prompt, ""),
         "scorer": Field("who chooses", fields.one_of(*kept.SCORERS), "text"),
         "k": Field("K, to begin with", fields.count(1, 60), 12),
         "films": Field("own films with the finding, at most", fields.count(1, 24), 8)},
        {"k": "number"},
    ),
    "mirror": LessonView(
        "On how many own films each score tells a sentence from its mirror image.",
        {"text": _TEXT}, {"text": "text"},
    ),
    "reading": LessonView(
        "One film under the plain cosines of regions, and under the weights of the reading.",
        {"study": _STUDY, "text": _TEXT}, {"text": "text"},
    ),
    "twins": LessonView(
        "One patient twice, with one thing changed, and what a finding's score does.",
        {"finding": _FINDING, "text": Field("that is scored", fields.prompt, ""),
         "differ": Field("what is different", fields.one_of(*CHANGES), "device")},
        {"differ": "change"},
    ),
    "labels": LessonView(
        "Own films with labels, some of them wrong, in the order of a score.",
        shortcuts.NOISE, {"films": "films"},
    ),
}  # fmt: skip
"""Every live picture, by the name that a lesson calls it."""
