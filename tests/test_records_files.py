"""Notes to files and back: nothing lost, nothing twice, no identifier, bad files in a sentence."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notes_of import BOXED, film, says
from pycocotools.coco import COCO
from sqlalchemy import event

from core.errors import ExplorerError
from core.records.handover import export_notes, form_of, read_notes
from core.records.merge import import_notes
from core.records.note import Said, Shape, box
from core.records.notebook import Notebook, Wanted

FORMS = ("json", "csv", "coco.json")


@pytest.fixture
def here() -> Iterator[Notebook]:
    notebook = Notebook()
    yield notebook
    notebook.close()


@pytest.fixture
def there(tmp_path) -> Iterator[Notebook]:
    """Somebody else's notebook."""
    notebook = Notebook(f"sqlite:///{tmp_path}/there.sqlite")
    yield notebook
    notebook.close()


def hand_over(source, target, tmp_path, suffix="json", **options):
    path = tmp_path / f"handed.{suffix}"
    export_notes(source, path, **options)
    return import_notes(target, read_notes(path))


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
lines = st.lists(texts | st.just("=1+1") | st.just("'"), max_size=3).map("\n".join)
side = st.floats(0, 50, width=32).map(lambda value: round(value, 3))
shapes = st.builds(box, side, side, st.floats(0.5, 30), st.floats(0.5, 30)) | st.just(
    Shape("polygon", ((0.1, 0.2), (100, 0.3), (33.3, 80)))
)
everything = st.builds(
    Said,
    finding=st.sampled_from(["", "Edema", "No Finding"]),
    text=lines.map(lambda text: f"-{text}"),
    tags=st.lists(texts, max_size=3).map(tuple),
    shapes=st.lists(shapes, max_size=3).map(tuple),
)


@settings(max_examples=12, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.lists(everything, min_size=1, max_size=4))
@pytest.mark.parametrize("suffix", FORMS)
def test_what_is_exported_comes_back_as_it_was(suffix, tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("round")
    first, second = (Notebook(f"sqlite:///{folder}/{name}.sqlite") for name in "ab")
    for number, one in enumerate(said):
        first.add(film(number % 2, data="=here/films.csv"), f"@Ada {number}", one)
    before, after = folder / f"a.{suffix}", folder / f"b.{suffix}"
    kept, left = export_notes(first, before, identifiers=True)
    assert len(kept) + len(left) == len(said)
    assert [note.said.shapes for note in left] == [()] * (suffix == "coco.json") * len(left)
    imported = import_notes(second, read_notes(before))
    assert (imported.added, second.notes()) == (len(kept), kept)
    again = import_notes(second, read_notes(before))
    assert (again.added, again.updated, again.there, again.conflicts) == (0, 0, len(kept), [])
    export_notes(second, after, identifiers=True)
    assert after.read_bytes() == before.read_bytes()
    first.close(), second.close()


def test_a_history_comes_back_whole_with_what_was_taken_back(here, there, tmp_path):
    note = here.change(here.add(film(), "Ada", says("one")), "Bo", says("two"))
    gone = here.add(film(1), "Ada", BOXED)
    here.undo("Ada", gone.id)
    imported = hand_over(here, there, tmp_path, history=True)
    assert imported.added == 2
    assert there.notes(Wanted(removed=True)) == [strip(note) for note in
                                                 here.notes(Wanted(removed=True))]  # fmt: skip
    assert there.history(note.id) == here.history(note.id)
    assert there.history(gone.id) == here.history(gone.id)
    assert there.undo("Bo").said.text == "one"
    export_notes(here, tmp_path / "plain.json")
    assert "one" not in (tmp_path / "plain.json").read_text().replace("None", "")
    with pytest.raises(ExplorerError, match="no place for histories"):
        export_notes(here, tmp_path / "a.csv", history=True)


def strip(note):
    """A note without what identifies."""
    from dataclasses import replace

    return replace(note, film=replace(note.film, study="", data=""))


@pytest.mark.parametrize("suffix", FORMS)
def test_no_identifier_is_in_a_file_unless_it_is_asked_for(suffix, here, tmp_path):
    planted = film(data="/ward-nine/ZOBELTITZ/films.csv")
    here.add(planted, "Ada", BOXED)
    path = tmp_path / f"out.{suffix}"
    words = ("ward-nine", "ZOBELTITZ", "study-0", str(tmp_path))
    export_notes(here, path)
    assert not [word for word in words if word in path.read_text()]
    export_notes(here, path, identifiers=True)
    assert [word for word in words if word in path.read_text()] == list(words[:3])


def test_a_note_that_went_on_elsewhere_is_updated_and_one_changed_in_both_is_shown(
    here, there, tmp_path
):
    note = here.add(film(), "Ada", says("one"))
    hand_over(here, there, tmp_path)
    theirs = there.change(there.note(note.id), "Bo", says("two"))
    imported = hand_over(there, here, tmp_path, history=True)
    assert (imported.updated, here.note(note.id).said.text) == (1, "two")
    assert [step.author for step in here.history(note.id)] == ["Ada", "Bo"]
    assert here.note(note.id).film == note.film  # the file said nothing of the study
    there.change(theirs, "Bo", says("Bo's three"))
    mine = here.change(here.note(note.id), "Ada", says("Ada's three"))
    for options in ({}, {"history": True}):
        imported = hand_over(there, here, tmp_path, **options)
        ((ours, other),) = imported.conflicts
        assert (ours.said.text, other.said.text) == ("Ada's three", "Bo's three")
        assert here.note(note.id) == mine and imported.there == imported.updated == 0
    there.change(there.note(note.id), "Bo", says("further on"))  # from what is not here
    assert len(hand_over(there, here, tmp_path, history=True).conflicts) == 1
    assert here.note(note.id) == mine


def test_a_newer_note_without_history_updates_what_nobody_changed_here(here, there, tmp_path):
    note = here.add(film(), "Ada", says("one"))
    hand_over(here, there, tmp_path, "csv")
    here.change(note, "Ada", says("two"))
    assert hand_over(here, there, tmp_path, "csv").updated == 1
    assert there.note(note.id).said.text == "two"
    assert hand_over(here, there, tmp_path, "csv").there == 1
    there.change(there.note(note.id), "Bo", says("Bo's"))
    here.change(here.note(note.id), "Ada", says("three"))
    here.change(here.note(note.id), "Ada", says("four"))
    assert len(hand_over(here, there, tmp_path, "csv").conflicts) == 1
    assert there.note(note.id).said.text == "Bo's"


def test_coco_s_own_reader_draws_what_was_drawn(here, tmp_path, capsys):
    triangle = Shape("polygon", ((10, 10), (50, 10), (10, 50)))
    here.add(film(), "Ada", Said("Edema", shapes=(box(10, 20, 30, 40), triangle)))
    here.add(film(), "Ada", says("nothing drawn"))
    kept, left = export_notes(here, tmp_path / "a.coco.json")
    assert (len(kept), len(left)) == (1, 1)
    coco = COCO(str(tmp_path / "a.coco.json"))
    square, corner = coco.loadAnns(coco.getAnnIds())
    assert coco.loadCats(square["category_id"])[0]["name"] == "Edema"
    mask = coco.annToMask(square)
    assert mask.shape == (80, 100) and mask.sum() == 1200 and mask[20:60, 10:40].all()
    assert square["bbox"] == [10, 20, 30, 40] and square["area"] == 1200
    assert corner["area"] == 800 and abs(int(coco.annToMask(corner).sum()) - 800) < 60


def test_a_table_that_a_spreadsheet_saved_again_is_read(here, there, tmp_path):
    note = here.add(film(), "Ada", Said("Edema", text="=ünder;\nthe base", tags=("a",)))
    export_notes(here, tmp_path / "a.csv")
    assert "'=ünder" in (tmp_path / "a.csv").read_text("utf-8")
    import pandas as pd

    table = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    table.to_csv(tmp_path / "b.csv", sep=";", index=False, encoding="utf-16")
    assert import_notes(there, read_notes(tmp_path / "b.csv")).added == 1
    assert there.notes() == [strip(note)]


NOTE = {
    "id": "a" * 32, "image_key": "b" * 40, "width": 100, "height": 80, "author": "Ada",
    "created": "2026-11-28T21:43:51.000000Z", "changed": "2026-11-28T21:43:51.000000Z",
    "changed_by": "Ada", "version": 1, "finding": "Edema", "verdict": "", "text": "x", "tags": [],
    "shapes": [],
}  # fmt: skip
STEP = {"version": 1, "at": NOTE["created"], "author": "Ada", "action": "add", "undoes": None,
        "finding": "Edema", "verdict": "", "text": "x", "tags": [], "shapes": []}  # fmt: skip


def test_the_note_that_bad_ones_are_made_of_is_a_good_one(here, tmp_path):
    path = tmp_path / "a.json"
    told = {**NOTE, "history": [STEP]}
    path.write_text(json.dumps({"kind": "lrclr-notes", "version": 1, "notes": [told]}))
    assert import_notes(here, read_notes(path)).added == 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"}, {"id": 5}, {"image_key": "B" * 40}, {"width": -1}, {"width": "100"},
        {"version": 0}, {"version": True}, {"version": 10**30}, {"created": "yesterday"},
        {"created": "2026-13-28T21:43:51.000000Z"}, {"author": ""}, {"author": None},
        {"verdict": "wrong"}, {"finding": "Edemma"}, {"text": ""}, {"text": ["x"]},
        {"tags": "abc"}, {"tags": [1]}, {"shapes": {}}, {"shapes": [{"kind": "box"}]},
        {"shapes": [{"kind": "box", "points": [[0, 0], [1, float("inf")]]}]},
        {"shapes": [{"kind": "box", "points": [[0, 0], [1, 10**400]]}]},
        {"shapes": [{"kind": "box", "points": 7}]}, {"removed": "yes"}, {"history": 5},
        {"history": [{}]}, {"history": [{**STEP, "version": 2}]},
        {"history": [{**STEP, "text": "y"}]}, {"history": [{**STEP, "action": "steal"}]},
        {"history": [{**STEP, "action": "undo", "undoes": 1}]},
        {"version": 2, "history": [STEP, {**STEP, "version": 2, "undoes": 1}]},
    ],
    ids=lambda change: str(change)[:50],
)  # fmt: skip
def test_a_note_that_is_none_is_refused_in_a_sentence_and_nothing_is_taken_in(
    change, here, tmp_path
):
    path = tmp_path / "a.json"
    good = {**NOTE, "id": "c" * 32}
    notes = [good, {**NOTE, **change}]
    path.write_text(json.dumps({"kind": "lrclr-notes", "version": 1, "notes": notes}))
    with pytest.raises(ExplorerError, match=r"a.json, note 2") as refused:
        import_notes(here, read_notes(path))
    assert "\n" not in str(refused.value) and here.notes(Wanted(removed=True)) == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", "", "no readable json"),
        ("a.json", "[" * 100_000, "no readable json"),
        ("a.json", "9" * 5000, "no readable json"),
        ("a.json", "[]", "holds no notes"),
        ("a.json", '{"kind": "lrclr-notes", "version": 2, "notes": []}', "newer version"),
        ("a.json", '{"kind": "lrclr-notes", "version": 1}', "cut short"),
        ("a.json", '{"annotations": [{"bbox": [1, 2, 3, 4]}]}', "annotation 1"),
        ("a.json", '{"annotations": [7]}', "annotation 1"),
        ("a.json", '{"annotations": 7}', "holds no notes"),
        ("a.csv", "", "no readable CSV"),
        ("a.csv", "id,image_key\n1,2\n", "no column width"),
        ("a.txt", "", "names no form"),
        ("absent.json", None, "no file"),
        ("folder.json", "FOLDER", "no readable json"),
    ],
)
def test_a_file_that_holds_no_notes_is_one_sentence(name, content, sentence, tmp_path):
    path = tmp_path / name
    if content == "FOLDER":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(ExplorerError, match=sentence):
        read_notes(path)


def test_cells_that_are_no_json_and_notes_twice_are_refused(here, tmp_path):
    here.add(film(), "Ada", BOXED)
    path = tmp_path / "a.csv"
    export_notes(here, path)
    good = path.read_text()
    path.write_text(good.replace('""hard""', "hard"))
    with pytest.raises(ExplorerError, match="a.csv, line 2: tags and shapes are JSON"):
        read_notes(path)
    path.write_text(good + good.splitlines()[1] + "\n")
    with pytest.raises(ExplorerError, match="a note twice"):
        read_notes(path)
    assert form_of(path, "COCO") == "coco"


def test_an_import_asks_in_parts_and_not_note_by_note(here, there, tmp_path):
    statements: list[str] = []
    counts, path = [], tmp_path / "a.json"
    event.listen(there.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    for start, count in ((0, 5), (5, 95)):
        for number in range(start, start + count):
            here.add(film(number), "Ada", says("x"))
        export_notes(here, path)
        copies = read_notes(path)
        statements.clear()
        import_notes(there, copies)
        there.notes(Wanted(films=[film(number).key for number in range(100)]))
        counts.append(len(statements))
    assert len(there.notes()) == 100 and counts[1] <= counts[0] + 2
