"""A session: one frozen object with what its pages share, and a setter by name for each change.

Nothing outside this file touches `st.session_state` (`tests/test_layers.py`). Widgets' own keys
vanish with their page: what must outlive a page is a field of `Session`, what a widget shows and
takes goes through `widget`, `put_widget` and `begin_widget`.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.evaluation.examples import load_examples
from core.films.window import Window
from core.inference.prompts import PromptSet, default_prompts
from core.studies import StudySet, UploadedSet
from explorer.shared import cache

if TYPE_CHECKING:
    from core.intake.dropped import Dropped
    from core.intake.job import ImportJob  # with pydicom and pyarrow, which one page needs
    from core.lessons.checked import Checked
    from core.records.student import Place, Student

NEXT_CHOICE = "next"
KEY = "session"

_UNDO = 30  # prompt sets that can be had back
_FILMS = 20  # whose windows a session remembers

WindowHistory = tuple[Window | None, ...]
"""Windows chosen for a film, the newest last; None is the film as opened."""
SpeedRow = dict[str, str | int | float]
"""A line of the speed table, as the page shows it."""


@dataclass(frozen=True)
class Session:
    """What one session chose and holds."""

    model: str
    own_model: str = ""  # typed by the user, so that the list has it
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
    selection: "Selection | None" = None  # films that were chosen on the map
    stepping_selected: bool = False  # the sidebar's buttons leave other films out
    author: str = ""  # of the notes that are written next
    notes_written: frozenset[str] = frozenset()  # ids
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


def is_new() -> bool:
    """Whether nothing was asked of this session yet."""
    return KEY not in st.session_state


def session() -> Session:
    """The session as it is now."""
    if is_new():
        st.session_state[KEY] = Session(model=cache.default_model())
    here: Session = st.session_state[KEY]
    return here


def _change(**fields: Any) -> None:
    st.session_state[KEY] = replace(session(), **fields)


def current() -> Current:
    """The uploaded image where there is one, else the row of the set.

    Raises:
        ExplorerError: the set cannot be opened.
    """
    here = session()
    if here.upload is not None:
        return Current(here.upload, 0)
    studies = cache.studies(here.study_set)
    return Current(studies, min(here.row, len(studies) - 1))


def enter(page: str) -> None:
    """Note the page that is drawn; on a new one the prompt goes into its box anew.

    Streamlit takes a box on another page for another one, even under the same key.
    """
    if page != session().page:
        _change(page=page, proposed=True)


def choose_model(spec: str, typed: bool = False) -> None:
    """Make a model the current one; one that was typed stays in the list."""
    _change(model=spec, own_model=spec if typed else session().own_model)


def choose_set(spec: str) -> None:
    """Make a study set the current one, at its first study."""
    _change(study_set=spec, row=0, upload=None)


def choose_row(row: int) -> None:
    """Make a study of the set the current one; an uploaded image steps back."""
    _change(row=row, upload=None)


def take_upload(file_id: str, studies: UploadedSet) -> None:
    """Make an uploaded image the current study."""
    _change(upload=studies, upload_id=file_id, upload_error="")


def refuse_upload(file_id: str, why: str) -> None:
    """Remember why an uploaded file cannot be used; the last image stays."""
    _change(upload_id=file_id, upload_error=why)


def is_page(content: bytes) -> bool:
    """Whether a file is a page of HTML, as reports are, and no radiograph.

    >>> is_page(b"<!DOCTYPE html>"), is_page(b"DICM")
    (True, False)
    """
    return content[:15].lower() == b"<!doctype html>"


def hold_report(file: Any) -> bool:
    """Keep an uploaded file for the page Errors to open; False where it was kept before.

    The page cannot ask the uploader: one in the sidebar is empty after a switch of pages.
    """
    if file.file_id in session().reports_opened:
        return False
    opened = session().reports_opened | {file.file_id}
    _change(report_held=(file.name, file.getvalue()), reports_opened=opened)
    return True


def take_report() -> tuple[str, bytes]:
    """Name and content of the report that is to be opened, once; empty where there is none."""
    held = session().report_held
    _change(report_held=("", b""))
    return held


def drop_upload() -> None:
    """Go back to the study set."""
    _change(upload=None, upload_id="", upload_error="")


def keep_windows(spec: str, row: int, history: WindowHistory) -> None:
    """Remember the windows of a film; of many films, only the last ones'."""
    films = {**session().windows, (spec, row): history}
    _change(windows=dict(list(films.items())[-_FILMS:]))


def set_prompt(text: str) -> None:
    """The free prompt, shared by all pages."""
    _change(prompt=text)


def propose_prompt(text: str) -> None:
    """Put a prompt where it is typed, as if it was; before the box is drawn, or in a callback."""
    _change(prompt=text, proposed=True)


def prompt_widget(label: str) -> str:
    """Key of the box of a label in which the prompt is typed, one on a page.

    The box holds what was typed, good or bad; the prompt goes into it where the box is new or the
    prompt came from elsewhere.
    """
    key = f"prompt_{label}"
    if session().proposed:
        _change(proposed=False)
        put_widget(key, session().prompt)
    begin_widget(key, session().prompt)
    return key


def choose_example(spec: str, row: int, prompt: str) -> None:
    """Make a film of a set the current study, with a text that is true of it."""
    if spec != session().study_set:
        choose_set(spec)
    choose_row(row)
    propose_prompt(prompt)


def set_prompts(prompts: PromptSet, keep_fields: bool = False) -> None:
    """Replace the prompt set; the old one can be had back.

    Args:
        keep_fields: whether the editor's fields hold these prompts already; else they forget what
            was typed into them.
    """
    here = session()
    history = here.prompt_history
    if prompts != here.prompts:
        history = (*history, here.prompts)[-_UNDO:]
    edition = here.prompt_edition + (not keep_fields)
    _change(prompts=prompts, prompt_history=history, prompt_edition=edition)


def undo_prompts() -> None:
    """Back to the prompt set before."""
    here = session()
    if here.prompt_history:
        *older, last = here.prompt_history
        edition = here.prompt_edition + 1
        _change(prompts=last, prompt_history=tuple(older), prompt_edition=edition)


def choose_finding(name: str) -> None:
    """The finding whose prompts are edited."""
    _change(finding=name)


def begins_film(spec: str, row: int) -> bool:
    """Whether the present model's maps of a film are drawn for the first time; says so once."""
    film = (session().model, spec, row)
    before = session().drawn
    _change(drawn=film)
    return film != before


def begins_comparison(spec: str, row: int, text: str) -> bool:
    """Whether a text is compared with the truth of a film for the first time; says so once."""
    comparison = (spec, row, text)
    before = session().measured
    _change(measured=comparison)
    return comparison != before


def choose_region(number: int) -> None:
    """The region that is enlarged."""
    _change(region=number)


def choose_cam(choice: str) -> None:
    """What the maps of Compare explain, and how Grad-CAM does."""
    _change(cam=choice)


def count_drawn_box() -> None:
    """Note that a box was drawn: the next picture to draw on is a new one."""
    _change(boxes_drawn=session().boxes_drawn + 1)


def judge(finding: str) -> None:
    """Look at the errors of a finding; "" for the one that is ranked worst."""
    _change(judged=finding)


def judge_by(score: str) -> None:
    """Look at the errors of a score."""
    _change(judged_score=score)


def select_films(spec: str, rows: Iterable[int], name: str = "") -> None:
    """Choose films of a set in place of those before, under a name or that of before."""
    before = session().selection
    name = name or (before.name if before and before.spec == spec else "selection")
    _change(selection=Selection(name, spec, tuple(sorted(set(rows)))))


def name_selection(name: str) -> None:
    """Call the selection something else."""
    here = session().selection
    if here is not None:
        _change(selection=replace(here, name=name))


def drop_selection() -> None:
    """Choose no films."""
    _change(selection=None, stepping_selected=False)


def step_selected(only: bool) -> None:
    """Whether the sidebar's buttons go through the selected films alone."""
    _change(stepping_selected=only)


def selected_rows(studies: StudySet) -> tuple[int, ...]:
    """Rows that are selected of a set; none where the selection is another set's."""
    here = session().selection
    if here is None or here.spec != studies.spec:
        return ()
    return tuple(row for row in here.rows if row < len(studies))


def slice_by(metric: str) -> None:
    """Compare slices by a metric."""
    _change(sliced_by=metric)


def fit_threshold(rule: str, spec: str) -> None:
    """How thresholds come about: by a rule, from a set; "" for the films that are shown."""
    _change(threshold_rule=rule, threshold_set=spec)


def set_threshold(of: str, score: float) -> None:
    """A threshold set by hand, for the very finding, films and rule that `of` names.

    `NEXT_CHOICE` stands for those that are chosen next.
    """
    _change(threshold_by_hand=(of, score))


def ask_masks(of: str) -> None:
    """Mask the parts that `of` names."""
    _change(masks_asked=of)


def ask_twins(of: str) -> None:
    """Draw the twins that `of` names."""
    _change(twins_asked=of)


def ask_lesions(of: str) -> None:
    """Hold the maps that `of` names against lesions."""
    _change(lesions_asked=of)


def ask_report(of: str) -> None:
    """Make the report of what `of` names."""
    _change(report_asked=of)


def say_of_report(*sentences: str) -> None:
    """What to say of a report once the page shows its view."""
    _change(report_said=sentences)


def slice_films(table: str) -> None:
    """The table of slices whose films are shown."""
    _change(sliced=table)


def note_written(note_id: str, author: str, spec: str, row: int) -> None:
    """A note was written on a film; its author writes the next ones, too."""
    here = session()
    noted = {**here.noted, (spec, row): here.noted.get((spec, row), 0) + 1}
    _change(notes_written=here.notes_written | {note_id}, author=author, noted=noted)


def keep_speed(model_hash: str, rows: list[SpeedRow]) -> None:
    """Remember what was measured for a model."""
    _change(speeds={**session().speeds, model_hash: rows})


def choose_run(name: str) -> None:
    """The run that is watched."""
    _change(run=name)


def propose_run_name() -> str:
    """A name that says when, kept until a run took it."""
    if not session().run_name:
        _change(run_name=f"run-{datetime.now():%m%d-%H%M%S}")
    return session().run_name


def note_started_run() -> None:
    """A run took the proposed name; the form offers a new one."""
    _change(run_name="", runs_started=session().runs_started + 1)


def set_next_preset(name: str) -> None:
    """The preset that the form shows when it is drawn next; "" where it shall stay."""
    _change(next_preset=name)


def watch(name: str) -> None:
    """Note that a run or an import is at work."""
    _change(watched=session().watched | {name})


def just_ended(name: str) -> bool:
    """Whether what was at work has ended since; says so once."""
    before = session().watched
    _change(watched=before - {name})
    return name in before


def start_import(job: "ImportJob") -> None:
    """The import that the page shows."""
    _change(import_job=job)


def note_import() -> None:
    """An import made its set; the form proposes another folder."""
    entries = {**session().import_entries, "import_out": ""}
    _change(imports_done=session().imports_done + 1, import_entries=entries)


def keep_dropped(ids: tuple[str, ...], dropped: "Dropped") -> None:
    """Keep files that were dropped, in place of those before."""
    forget_dropped()
    _change(dropped=dropped, dropped_ids=ids, dropped_error="")


def refuse_dropped(ids: tuple[str, ...], why: str) -> None:
    """Remember why dropped files cannot be used."""
    forget_dropped()
    _change(dropped_ids=ids, dropped_error=why)


def forget_dropped() -> None:
    """Remove the files that were dropped."""
    here = session().dropped
    if here is not None:
        here.close()
    _change(dropped=None, dropped_error="")


def keep_entry(name: str, value: str) -> None:
    """Remember what was entered in the form of the import."""
    _change(import_entries={**session().import_entries, name: value})


def begin_lab(patient: str, text: str, chosen: int = 0) -> None:
    """Put a patient into the lab, in place of what is there."""
    here = session().lab
    _change(lab=replace(here, patient=patient, text=text, chosen=chosen, edition=here.edition + 1))


def leave_lab(patient: str, text: str, chosen: int) -> None:
    """The patient as the browser left it."""
    _change(lab=replace(session().lab, patient=patient, text=text, chosen=chosen))


def ask_lab(asked: str) -> None:
    """Measure this of the lab's patient."""
    _change(lab=replace(session().lab, asked=asked))


def link_lab(patient: str, text: str) -> None:
    """What the address names now."""
    _change(lab=replace(session().lab, linked=(patient, text)))


def keep_lab_word(word: str) -> None:
    """By which the browser asks for the lab's frames."""
    _change(lab=replace(session().lab, word=word))


def open_lesson(name: str) -> None:
    """The lesson that the page shows; "" for the list of them."""
    _change(lesson=name)


def go_to_step(lesson: str, step: int) -> None:
    """The step of a lesson that is on the screen."""
    _change(lesson_steps={**session().lesson_steps, lesson: max(step, 0)})


def read_lessons_in(language: str) -> None:
    """The language of the lessons."""
    _change(lesson_language=language)


def keep_try(lesson: str, question: str, answer: Any, checked: "Checked") -> None:
    """Remember an answer and what was said of it."""
    key = (lesson, question)
    before = session().tries.get(key, ())
    _change(tries={**session().tries, key: (*before, Try(answer, checked))})


def become_student(
    student: "Student", token: str, tries: Mapping[tuple[str, str], tuple[Try, ...]]
) -> None:
    """Be a student of the class, with what they have done."""
    place, here = student.place, session()
    steps = {**here.lesson_steps, place.lesson: place.step} if place.lesson else here.lesson_steps
    _change(student=student, token=token, left_class=False, tries=tries, lesson_steps=steps,
            lesson=here.lesson or place.lesson, lesson_seed=student.seed)  # fmt: skip


def leave_class() -> None:
    """Be nobody's student; the browser forgets, the class keeps what was answered."""
    _change(student=None, token="", left_class=True, tries={}, noted_place=None)


def note_place(place: "Place") -> None:
    """The class knows where the student is."""
    _change(noted_place=place)


def watch_student(student: "Student", tries: Mapping[tuple[str, str], tuple[Try, ...]]) -> None:
    """Look at a student's lessons: their films, their answers, their step."""
    place, here = student.place, session()
    _change(watched_student=student, tries=tries, lesson_seed=student.seed,
            lesson=place.lesson or here.lesson,
            lesson_steps={**here.lesson_steps, place.lesson: place.step})  # fmt: skip


def watch_nobody() -> None:
    """Be back at one's own films."""
    _change(watched_student=None, tries={}, lesson_seed=random.randrange(2**31))


def widget(key: str) -> Any:
    """What a widget holds, None where it was not drawn yet; of the widget's own type."""
    return st.session_state.get(key)


def put_widget(key: str, value: Any) -> None:
    """Set what a widget will show; before it is drawn, or in a callback."""
    st.session_state[key] = value


def drop_widgets(*keys: str) -> None:
    """Have widgets begin anew, from what the session holds; before they are drawn."""
    for key in keys:
        st.session_state.pop(key, None)


def begin_widget(key: str, value: Any) -> None:
    """Set what a widget shows when it is drawn for the first time."""
    st.session_state.setdefault(key, value)
