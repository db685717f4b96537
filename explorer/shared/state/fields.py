"""What a session holds: frozen; a setter by name for each change."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.evaluation.examples import load_examples
from core.films.window import Window
from core.inference.prompts import PromptSet, default_prompts
from core.studies import StudySet, UploadedSet

if TYPE_CHECKING:
    from core.intake.dropped import Dropped
    from core.intake.job import ImportJob  # with pydicom and pyarrow, which one page needs
    from core.lessons.checked import Checked
    from core.records.note import Note
    from core.records.student import Place, Student

NEXT_CHOICE = "next"

WindowHistory = tuple[Window | None, ...]
"""Windows chosen for a film, the newest last; None is the film as opened."""
SpeedRow = dict[str, str | int | float]
"""A line of the speed table, as the page shows it."""


@dataclass(frozen=True)
class Session:
    """What one session chose and holds."""

    model: str
    own_model: str = ""  # typed by the user, so that the list has it
    cancelled_fetch: str = ""  # spec of a model whose download was stopped
    study_set: str = field(default_factory=lambda: load_examples().data)
    row: int = field(default_factory=lambda: load_examples().opening.row)
    upload: UploadedSet | None = None
    upload_id: str = ""  # of the file in the uploader that was read or refused
    upload_error: str = ""
    windows: Mapping[tuple[str, int], WindowHistory] = field(default_factory=dict)
    prompt: str = field(default_factory=lambda: load_examples().opening.prompt)
    proposed: bool = False  # the prompt did not come from the box in which it is typed
    page: str = ""  # the one that was drawn last
    prompts: PromptSet = field(default_factory=default_prompts)
    prompt_history: tuple[PromptSet, ...] = ()
    prompt_edition: int = 0  # a new one makes the editor forget what was typed
    finding: str = ""  # whose prompts are edited
    region: int = 0
    arena: tuple[str, ...] = ()  # models that are held side by side
    cam: str = ""  # what Compare's maps explain and how, in words
    drawn: tuple[str, str, int] = ("", "", -1)  # model, set and row of the last film with its maps
    measured: tuple[str, int, str] = ("", -1, "")  # set, row and text of the last comparison
    boxes_drawn: int = 0  # on the picture of the search
    judged: str = ""  # finding whose errors are looked at; "" the one that is ranked worst
    judged_score: str = "lrclr"  # of `core.inference.score_names.SCORES`
    threshold_rule: str = "youden"  # as `core.analysis.threshold.parse_rule` takes it
    threshold_set: str = ""  # that thresholds are fitted on; "" the films that are shown
    threshold_by_hand: tuple[str, float] = ("", 0.0)  # what it was set for, and the score
    masks_asked: str = ""  # what is masked on which films, where it was asked for
    twins_asked: str = ""  # who is drawn twice, where it was asked for
    lesions_asked: str = ""  # which maps are held against lesions, where it was asked for
    report_asked: str = ""  # what a report is made of, where it was asked for
    report_held: tuple[str, bytes] = ("", b"")  # a dropped one's name and content, to be opened
    reports_opened: frozenset[str] = frozenset()  # ids of the dropped files
    report_said: tuple[str, ...] = ()  # of the one just opened: what, then warnings
    sliced_by: str = "auc"  # of `core.analysis.slices.METRICS`
    sliced: str = ""  # table of slices that the films are chosen from
    slice: str = ""  # of that table, whose films are shown
    choices: Mapping[str, Any] = field(default_factory=dict)  # of widgets that outlive their page
    selection: "Selection | None" = None  # films that were chosen on the map
    stepping_selected: bool = False  # the sidebar's buttons leave other films out
    author: str = ""  # of the notes that are written next
    notes_written: frozenset[str] = frozenset()  # ids
    notes_read: Mapping[str, "Note"] = field(default_factory=dict)  # by id, as a form began
    note_refused: tuple[str, str] = ("", "")  # id of the note that was not changed, and why
    noted: Mapping[tuple[str, int], int] = field(default_factory=dict)  # notes by set and row
    speeds: Mapping[str, list[SpeedRow]] = field(default_factory=dict)  # by model hash
    run: str = ""  # the one that is watched
    run_name: str = ""  # proposed for the next one
    runs_started: int = 0
    next_preset: str = ""  # to choose when the form is drawn next
    watched: frozenset[str] = frozenset()  # what was still at work when it was drawn last
    import_job: "ImportJob | None" = None
    imports_done: int = 0  # each leaves the form with another folder to propose
    dropped: "Dropped | None" = None  # removes its files with the session
    dropped_ids: tuple[str, ...] = ()  # of the files in the uploaders that were kept or refused
    dropped_error: str = ""
    import_entries: Mapping[str, str] = field(default_factory=dict)
    lab: "LabVisit" = field(default_factory=lambda: LabVisit())
    lesson: str = ""  # the one that is open
    lesson_language: str = "en"
    lesson_steps: Mapping[str, int] = field(default_factory=dict)  # by lesson, from 0
    lesson_seed: int = field(default_factory=lambda: random.randrange(2**31))
    tries: Mapping[tuple[str, str], "tuple[Try, ...]"] = field(default_factory=dict)
    student: "Student | None" = None  # of the class
    token: str = ""  # that the student's browser keeps
    left_class: bool = False  # the browser forgets the token
    noted_place: "Place | None" = None  # as the class has it
    reads: bool = False  # films against the model, in place of the list of lessons
    presented: tuple[str, int] = ("", 0)  # picture of a lesson, and films on from its own
    read_film: int = 0  # of a reading, from 0
    watched_student: "Student | None" = None  # whose lessons the teacher looks at


@dataclass(frozen=True)
class LabVisit:
    """The patient of the lab as somebody left it."""

    patient: str = ""  # as `core.phantom.patient.parse_patient` reads it; "" before the first visit
    text: str = ""
    chosen: int = 0  # number of the finding that is looked at
    edition: int = 0  # a new one makes the browser forget what was done to the patient before
    word: str = ""  # by which the browser asks for frames
    linked: tuple[str, str] = ("", "")  # patient and text that the address named last
    asked: str = ""  # what was to be measured, as the page keeps it
    subtlety: int = 0  # nodules of a band that are measured; 0: none yet


@dataclass(frozen=True)
class Try:
    """An answer to a question of a lesson, and what its probe said."""

    answer: Any
    checked: "Checked"


@dataclass(frozen=True)
class Selection:
    """Films of a set that somebody chose, under a name."""

    name: str
    spec: str  # of the set
    rows: tuple[int, ...]  # of it, in order


@dataclass(frozen=True)
class Current:
    """The study on the screen."""

    studies: StudySet
    row: int

    @property
    def uploaded(self) -> bool:
        """Whether it is the user's own image."""
        return isinstance(self.studies, UploadedSet)

    @property
    def row_in_set(self) -> int | None:
        """The study's row in the study set; None of the user's own image."""
        return None if self.uploaded else self.row
