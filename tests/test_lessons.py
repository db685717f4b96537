"""Lessons: the file's form by line, the probes by hand-made scores, and what ships."""

import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.lessons.bench import LessonBench, personal, shuffled
from core.lessons.lesson import LessonQuestion, PageLink, Show
from core.lessons.library import languages, lesson, lesson_files, lessons, parse_file, read_lesson
from core.lessons.parse import parse
from core.lessons.phrases import phrases, say
from core.lessons.probes import PROBES, check_answer
from core.lessons.views import VIEWS
from core.paths import ASSETS
from core.specs import open_studies
from core.studies.phantom_set import PhantomSet

LESSON = """---
lesson: tiny
number: 9
title: Tiny
language: en
minutes: 8
idea: One.
films: phantom:n=30,seed=5
---
## First

Look.

```show
view: ranking
finding: Edema
change: text
```

```question
id: guess
when: before
probe: above
ask: Which?
finding: Edema
option: edema
option: no edema
```

## Second

```show
view: ranking
finding: Edema
change: text
```

```question
id: make
when: during
probe: text
ask: Make one,
  in your words.
answer: above
finding: Edema
reach: 0.9
```

```link
page: compare
label: Go
study: 3
cam: gradcam:hirescam:local:local
```

```question
id: again
when: after
probe: above
ask: Which?
finding: Edema
option: edema
```
"""


def flaws(text: str) -> list[str]:
    return [str(flaw) for flaw in parse(text).flaws]


def test_a_lesson_is_read_with_its_lines() -> None:
    read = parse(LESSON).lesson
    assert read is not None
    assert (read.name, read.minutes, [step.title for step in read.steps]) == (
        "tiny", 8, ["First", "Second"],
    )  # fmt: skip
    asked = read.question("make")
    assert (asked.ask, asked.above, asked.settings["reach"]) == ("Make one, in your words.", True,
                                                                 0.9)  # fmt: skip
    assert LESSON.splitlines()[asked.line - 1] == "```question"
    (way,) = [part for part in read.steps[1].parts if isinstance(part, PageLink)]
    assert way.state == {"study": 3, "cam": "gradcam:hirescam:local:local"}


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("---\nlesson", "lesson", 1, "must begin with a line '---'"),
        ("number: 9", "number: nine", 3, "no whole number from 1 to 99"),
        ("title: Tiny\n", "", 1, "needs 'title'"),
        ("minutes: 8", "minutes: 8\nminutes: 9", 7, "written twice"),
        ("idea: One.", "colour: red", 7, "has no 'colour'"),
        ("## First\n", "", 11, "belongs to no step"),
        ("view: ranking", "view: rank", 15, "there is no 'rank'"),
        ("change: text", "change: finding", 17, "'finding' cannot be changed"),
        ("finding: Edema", "finding: Oedema", 16, "there is no 'Oedema'"),
        ("reach: 0.9", "reach: 9", 46, "no number from 0 to 1"),
        ("probe: text", "probe: texts", 41, "there is no 'texts'"),
        ("answer: above", "answer above", 44, "not of the form 'name: value'"),
        ("page: compare", "page: nowhere", 50, "there is no 'nowhere'"),
        ("cam: gradcam:hirescam:local:local", "cam: gradcam:x:y:z", 53, "cam:"),
        ("id: again", "id: guess", 56, "two questions 'guess'"),
        ("when: after", "when: before", 56, "comes too late"),
        ("option: edema\n```\n", "option: edema\n", 56, "not closed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_line(old: str, new: str, line: int, told: str) -> None:
    at = LESSON.rindex(old) if line > 54 else LESSON.index(old)
    wrong = flaws(LESSON[:at] + new + LESSON[at + len(old) :])
    assert any(one.startswith(f"line {line}: ") and told in one for one in wrong), wrong


def test_a_picture_that_changes_nothing_gives_no_answer() -> None:
    still = LESSON.replace("change: text\n", "", 2)
    assert any("lets nobody change one" in one for one in flaws(still))
    own = still.replace("answer: above\n", "")
    assert [one for one in flaws(own) if "nothing can be changed" in one] == flaws(own)


def test_every_flaw_is_told_at_once() -> None:
    wrong = flaws(LESSON.replace("number: 9", "number: x").replace("page: compare", "page: x"))
    assert len(wrong) >= 2


@pytest.fixture(scope="module")
def studies() -> PhantomSet:
    return cast(PhantomSet, open_studies("phantom:n=30,seed=5"))


@pytest.fixture
def bench(studies: PhantomSet) -> Callable[..., LessonBench]:
    """A bench of scores and maps that a test makes up."""

    def made(score: Any = None, saliency: Any = None, seed: int = 1) -> LessonBench:
        return LessonBench(cast(Any, None), studies, seed, cast(Any, None), score, saliency)

    return made


def asked(probe: str, **settings: Any) -> LessonQuestion:
    fields = PROBES[probe].fields
    values = {name: () if field.many else field.default for name, field in fields.items()}
    return LessonQuestion("q", "during", "?", probe, {**values, **settings}, False, "", 1)


def _of_label(studies: PhantomSet, finding: str) -> Callable[[str, str], NDArray[np.float64]]:
    """A model that knows the finding by "seen", and its reverse by "unseen"."""
    truth = studies.labels[finding].to_numpy(float)

    def score(text: str, name: str) -> NDArray[np.float64]:
        return truth if text == "seen" else -truth if text == "unseen" else np.zeros(len(truth))

    return score


def test_a_student_s_films_and_finding_are_their_own(bench: Callable[..., LessonBench]) -> None:
    rows = [bench(seed=seed).rows.tolist() for seed in range(3)]
    assert len(rows[0]) == 20 and rows[0] == bench(seed=0).rows.tolist() != rows[1]
    settings = {"finding": ("Edema", "Fracture", "Cardiomegaly")}
    assert len({personal(settings, seed)["finding"] for seed in range(20)}) == 3
    assert sorted(shuffled(("a", "b", "c"), 3)) == ["a", "b", "c"]


def test_a_text_is_checked_by_its_auc_on_own_films(
    bench: Callable[..., LessonBench], studies: PhantomSet
) -> None:
    here = bench(_of_label(studies, "Edema"))
    question = asked("text", finding=("Edema",), reach=0.9)
    assert check_answer(question, here, "seen").passed
    wrong = check_answer(question, here, "unseen")
    assert (wrong.passed, wrong.value, wrong.told) == (False, 0.0, "text-low")
    kinds = {film.told for film in wrong.films}
    assert kinds == {"film-with", "film-without"} and {f.row for f in wrong.films} <= {*here.rows}
    assert "100 %" in say("en", wrong.films[0].told, wrong.films[0].figures)
    unnamed = asked("text", finding=("Edema",), reach=0.9, naming=False)
    assert check_answer(unnamed, here, "Pulmonary edema.").told == "text-names"
    denied = asked("text", finding=("Edema",), reach=0.0, denies=True)
    assert check_answer(denied, here, "edema").told == "text-denies-not"
    assert check_answer(denied, here, "no edema").passed


def test_ticked_options_are_held_against_what_was_measured(
    bench: Callable[..., LessonBench], studies: PhantomSet
) -> None:
    here = bench(_of_label(studies, "Edema"))
    question = asked("above", finding=("Edema",), option=("seen", "unseen", "other"))
    assert check_answer(question, here, ["seen"]).passed
    half = check_answer(question, here, ["unseen"])
    assert (half.passed, round(half.value, 3)) == (False, 0.333)
    assert dict(half.table) == {"seen": "1.00", "unseen": "0.00", "other": "0.50"}
    with pytest.raises(ExplorerError, match="no option 'else'"):
        check_answer(question, here, ["else"])
    with pytest.raises(ExplorerError, match="takes a list"):
        check_answer(question, here, "seen")


def test_a_threshold_must_find_enough_and_call_few(bench: Callable[..., LessonBench]) -> None:
    def score(text: str, name: str) -> NDArray[np.float64]:
        return np.where(truth == 1, 2.0, np.linspace(0, 1, len(truth)))

    truth = bench().studies.labels["Edema"].to_numpy(float)
    question = asked("threshold", finding=("Edema",), sensitivity=0.9)
    here = bench(score)
    assert check_answer(question, here, 1.5).told == "threshold-right"
    assert check_answer(question, here, 2.5).told == "threshold-misses"
    alarms = check_answer(question, here, -1.0)
    assert (alarms.told, alarms.figures["specificity"], alarms.figures["best"]) == (
        "threshold-alarms", 0.0, 1.0,
    )  # fmt: skip
    with pytest.raises(ExplorerError, match="takes a number"):
        check_answer(question, here, float("nan"))


def test_a_map_is_checked_by_its_hits_beside_the_bright_middle(
    bench: Callable[..., LessonBench], studies: PhantomSet
) -> None:
    def saliency(choice: str, row: int, text: str) -> NDArray[np.float32]:
        mask = studies.masks(row)["Pleural Effusion"].astype(np.float32)
        return mask if choice == "lrclr" else 1 - mask

    here = bench(saliency=saliency)
    finding = ("Pleural Effusion",)
    good = asked("pointing", finding=finding, films=4, atleast=0.9, beats=True)
    assert check_answer(good, here, "lrclr").told == "map-points"
    missed = check_answer(good, here, "similarity")
    assert missed.told == "map-misses" and missed.value < 0.2
    assert all(film.saliency == ("similarity", "pleural effusion") for film in missed.films)
    lie = asked("pointing", finding=finding, films=4, atmost=0.2)
    assert check_answer(lie, here, "similarity").told == "map-lies"
    assert check_answer(lie, here, "lrclr").told == "map-too-good"
    better = asked("better", finding=finding, films=4,
                   option=(("Regions", "lrclr"), ("Noise", "random")))  # fmt: skip
    assert check_answer(better, here, ["Regions"]).passed
    with pytest.raises(ExplorerError, match="no method"):
        check_answer(good, here, "magic")


@pytest.mark.parametrize("file", lesson_files(), ids=lambda file: f"{file.language}-{file.name}")
def test_what_ships_has_nothing_wrong(file: Any) -> None:
    parsed = parse_file(file.path)
    assert parsed.lesson is not None, [str(flaw) for flaw in parsed.flaws]
    assert (parsed.lesson.name, parsed.lesson.language) == (file.name, file.language)
    assert 8 <= parsed.lesson.minutes <= 12
    kept = [p for step in parsed.lesson.steps for p in step.parts if isinstance(p, Show)]
    assert {show.view for show in kept} <= {*VIEWS}


def test_translations_ask_the_same_questions() -> None:
    for language in languages():
        for one in lessons(language):
            if one.language == language:
                english = lesson(one.name)
                assert one.number == english.number
                assert [(q.id, q.when, q.probe) for q in one.questions()] == [
                    (q.id, q.when, q.probe) for q in english.questions()
                ]


def test_every_phrase_is_there_in_every_language_with_the_same_figures() -> None:
    def figures(text: str) -> list[str]:
        return sorted(set(re.findall(r"{(\w+)", text)))

    english = phrases("en")
    for language in languages():
        own = phrases(language)
        assert {*own} == {*english}
        for key, text in own.items():
            assert figures(text) == figures(english[key]), (language, key)
    for path in (ASSETS / "lessons").iterdir():
        assert (path / "phrases.toml").is_file()


def test_a_teacher_s_own_folder_adds_and_replaces(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "tiny.md").write_text(LESSON)
    (tmp_path / "en" / "broken.md").write_text(LESSON.replace("number: 9", "number: x"))
    monkeypatch.setenv("LRCLR_LESSONS", str(tmp_path))
    assert "tiny" in {one.name for one in lessons()} and "broken" not in {*map(str, lessons())}
    assert lesson("tiny").minutes == 8
    with pytest.raises(ExplorerError, match="broken.md, line 3"):
        read_lesson(tmp_path / "en" / "broken.md")
    with pytest.raises(ExplorerError, match="no lesson 'nothing'"):
        lesson("nothing")


def test_the_command_tells_flaws_by_line(run: Any, tmp_path: Any) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(LESSON)
    bad.write_text(LESSON.replace("page: compare", "page: nowhere"))
    assert run("lesson", "check", good)[0] == 0
    code, out, _ = run("lesson", "check", good, bad)
    assert code == 1 and f"{bad}:50: page: there is no 'nowhere'" in out
    code, out, _ = run("lesson", "blocks")
    assert code == 0 and all(name in out for name in [*PROBES, *VIEWS])
