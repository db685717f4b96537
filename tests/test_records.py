"""Notes in a database: history, undo, two writers, versions; with SQLite and with PostgreSQL."""

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from notes_of import BOXED, film, says
from postgres import ABSENT, program, server
from sqlalchemy import text

from core.errors import ExplorerError
from core.records import schema
from core.records.handover import export_notes, read_notes
from core.records.merge import import_notes
from core.records.note import Conflict, Said, Shape, box
from core.records.notebook import Notebook, Wanted


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    if not (program("initdb") and program("pg_ctl")):
        pytest.skip(ABSENT)
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> Iterator[str]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/here/notes.sqlite"
        return
    yield request.getfixturevalue("postgresql")
    notebook = Notebook(request.getfixturevalue("postgresql"))
    with notebook.engine.begin() as connection:
        for table in ("lrclr_revisions", "lrclr_notes", "lrclr_answers", "lrclr_marks",
                      "lrclr_readings", "lrclr_students", "lrclr_version"):  # fmt: skip
            connection.execute(text(f"DROP TABLE {table}"))
    notebook.close()


@pytest.fixture
def notebook(url) -> Iterator[Notebook]:
    opened = Notebook(url)
    yield opened
    opened.close()


def test_a_note_is_as_it_was_written_and_filtered_by_what_it_says(notebook, url):
    first = notebook.add(film(1), "Ada", BOXED)
    second = notebook.add(film(2), "Bo", says("left, ünder the 心", tags=("later", "later")))
    again = Notebook(url)
    assert again.notes() == [first, second] and first.said == BOXED
    assert second.said.tags == ("later",) and again.note(second.id) == second
    assert again.notes(Wanted(films=[film(2).key, film(3).key])) == [second]
    assert again.notes(Wanted(films=[])) == []
    assert again.notes(Wanted(authors=("Ada",))) == [first]
    assert again.notes(Wanted(verdicts=("label is wrong", "both are wrong"))) == [first]
    assert again.notes(Wanted(tag="later")) == [second]
    assert again.notes(Wanted(finding="Fracture")) == []
    again.close()


def test_history_has_every_step_and_undo_goes_back_one_after_the_other(notebook):
    note = notebook.add(film(), "Ada", says("one"))
    note = notebook.change(note, "Ada", says("two"))
    note = notebook.change(note, "Ada", says("three"))
    assert notebook.undo("Ada").said.text == "two"
    assert notebook.undo("Ada", note.id).said.text == "one"
    note = notebook.change(notebook.note(note.id), "Ada", says("four"))
    assert notebook.undo("Ada").said.text == "one"
    assert notebook.undo("Ada").said.removed and notebook.notes() == []
    with pytest.raises(ExplorerError, match="nothing of Ada to undo"):
        notebook.undo("Ada")
    steps = notebook.history(note.id)
    assert [step.version for step in steps] == list(range(1, 9))
    assert [step.action for step in steps] == ["add", "change", "change", "undo", "undo",
                                               "change", "undo", "undo"]  # fmt: skip
    assert [step.undoes for step in steps if step.undoes] == [3, 2, 6, 1]
    assert [step.said.text for step in steps][:6] == ["one", "two", "three", "two", "one", "four"]


def test_undo_takes_back_one_s_own_and_nothing_that_others_built_on(notebook):
    note = notebook.add(film(), "Ada", says("Ada's"))
    other = notebook.add(film(1), "Bo", says("Bo's own"))
    changed = notebook.change(note, "Bo", says("Bo's change"))
    with pytest.raises(ExplorerError, match="Bo changed note .* after Ada did.*Bo's change"):
        notebook.undo("Ada")
    assert notebook.note(note.id) == changed
    assert notebook.undo("Bo").said.text == "Ada's"
    assert notebook.undo("Ada").said.removed
    assert notebook.notes() == [other]


def test_a_removed_note_leaves_lists_and_comes_back_by_undo(notebook):
    note = notebook.add(film(), "Ada", BOXED)
    notebook.remove(note, "Bo")
    assert notebook.notes() == [] and len(notebook.notes(Wanted(removed=True))) == 1
    assert notebook.undo("Bo").said == BOXED and len(notebook.notes()) == 1


def test_a_conflict_shows_both_and_writes_nothing(notebook, url):
    note = notebook.add(film(), "Ada", says("seen by both"))
    elsewhere = Notebook(url)
    theirs = elsewhere.change(note, "Bo", says("what Bo says"))
    with pytest.raises(Conflict, match="Bo changed .*what Bo says.*what Ada says") as refused:
        notebook.change(note, "Ada", says("what Ada says"))
    assert refused.value.theirs == theirs and refused.value.mine.text == "what Ada says"
    assert notebook.note(note.id) == theirs and len(notebook.history(note.id)) == 2
    elsewhere.close()


def test_writers_at_once_lose_nothing(notebook, url):
    """Four write to one note and add others; who meets a conflict reads again."""
    writers, rounds = 4, 5
    note, start, failed = notebook.add(film(), "Ada", says("0")), threading.Barrier(writers), []

    def write(number: int) -> None:
        mine = Notebook(url)
        try:
            start.wait()
            for turn in range(rounds):
                mine.add(film(number), f"W{number}", says(str(turn)))
                while True:
                    seen = mine.note(note.id)
                    more = says(f"{seen.said.text} {number}.{turn}")
                    try:
                        mine.change(seen, f"W{number}", more)
                        break
                    except Conflict:
                        continue
        except BaseException as error:
            failed.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    last = notebook.note(note.id)
    expected = {f"{number}.{turn}" for number in range(writers) for turn in range(rounds)}
    assert set(last.said.text.split()) == {"0", *expected}
    steps = notebook.history(note.id)
    assert last.version == 1 + writers * rounds == len(steps)
    assert [step.version for step in steps] == list(range(1, last.version + 1))
    assert len(notebook.notes()) == 1 + writers * rounds


def test_a_file_goes_into_either_database_once(notebook, tmp_path):
    elsewhere, path = Notebook(), tmp_path / "notes.json"
    note = elsewhere.change(elsewhere.add(film(), "Ada", BOXED), "Bo", says("心 \\ \"quoted\""))
    elsewhere.undo("Bo")
    export_notes(elsewhere, path, identifiers=True, history=True)
    assert import_notes(notebook, read_notes(path)).added == 1
    assert import_notes(notebook, read_notes(path)).there == 1
    assert notebook.notes() == elsewhere.notes()
    assert notebook.history(note.id) == elsewhere.history(note.id)
    elsewhere.change(elsewhere.note(note.id), "Ada", says("later"))
    export_notes(elsewhere, path, history=True)
    assert import_notes(notebook, read_notes(path)).updated == 1
    assert notebook.undo("Ada").said == BOXED
    elsewhere.close()


def test_many_who_open_an_empty_database_at_once_make_it_once(url):
    start, failed = threading.Barrier(4), []

    def open_it() -> None:
        try:
            start.wait()
            Notebook(url).close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    Notebook(url).close()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Said(), "says something"),
        (Said(finding="Edemma", text="x"), "no finding 'Edemma'; known: .*Edema"),
        (Said(finding="Edema", verdict="wrong"), "no verdict 'wrong'; known: label is wrong"),
        (Said(verdict="label is wrong"), "which finding"),
        (says("a\0b"), "no text"),
        (says("\ud800"), "no text"),
        (says("x" * 10_001), "10001 characters"),
        (says(tags=("t" * 61,)), "60 characters"),
        (says(shapes=(box(90, 70, 11, 5),)), "leaves the film, which has 100 x 80"),
        (says(shapes=(box(-1, 0, 5, 5),)), "leaves the film"),
        (says(shapes=(box(5, 5, 0, 5),)), "no inside"),
        (says(shapes=(box(5, float("nan"), 5, 5),)), "no number"),
        (says(shapes=(Shape("polygon", ((1, 1), (2, 2))),)), "two corners and a polygon 3"),
        (says(shapes=(Shape("circle", ((1, 1), (2, 2))),)), "no shape 'circle'"),
    ],
)
def test_what_is_no_note_is_refused_in_a_sentence(said, sentence, tmp_path):
    notebook = Notebook()
    with pytest.raises(ExplorerError, match=sentence):
        notebook.add(film(), "Ada", said)
    with pytest.raises(ExplorerError, match="author"):
        notebook.add(film(), " ", BOXED)
    with pytest.raises(ExplorerError, match="no key of a film"):
        notebook.add(replace(film(), key="abc"), "Ada", BOXED)
    assert notebook.notes(Wanted(removed=True)) == []


def test_names_are_spelled_as_they_are_known_and_a_box_by_any_corners(tmp_path):
    drawn = Shape("box", ((40, 60), (10, 20)))
    note = Notebook().add(film(), " Ada  L ", Said("eDEMA", "LABEL is wrong", shapes=(drawn,)))
    assert note.author == "Ada L" and note.said.finding == "Edema"
    assert note.said.verdict == "label is wrong" and note.said.shapes == (box(10, 20, 30, 40),)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("notes.sqlite", "no address of a database"),
        ("mysql://me:secret@there/db", "not kept in 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://me:secret@/db?host=/no/such/folder", "cannot be used"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_without_a_password(
    url, sentence, monkeypatch
):
    monkeypatch.setenv("LRCLR_RECORDS", url)
    with pytest.raises(ExplorerError, match=sentence) as refused:
        Notebook()
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_is_no_database_or_in_the_way_is_one_sentence(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"no database at all" * 100)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for name in ("a.sqlite", "file/notes.sqlite", "folder"):
        with pytest.raises(ExplorerError, match="cannot (be used|hold notes)"):
            Notebook(f"sqlite:///{tmp_path}/{name}")


def test_the_file_is_kept_by_a_log_and_every_write_reaches_the_disk(tmp_path):
    notebook = Notebook()
    with notebook.engine.connect() as connection:
        ask = lambda name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # noqa: E731
        assert ask("journal_mode") == "wal" and ask("synchronous") == 2
        assert ask("foreign_keys") == 1 and ask("busy_timeout") >= 10_000


STEP = '''
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0999", "0003"


def upgrade():
    op.add_column("lrclr_notes", sa.Column("later", sa.Integer))
    {then}
'''


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Makes this version one that has a further step."""

    def become(then: str = "pass") -> None:
        steps = tmp_path / "100 % more"
        steps.mkdir(exist_ok=True)
        (steps / "v0999.py").write_text(STEP.format(then=then))
        monkeypatch.setattr(schema, "STEPS", [*schema.STEPS, steps])

    return become


def test_an_older_database_is_copied_then_brought_up_to_date(url, newer):
    old = Notebook(url)
    assert old.copy_before is None
    note = old.add(film(), "Ada", BOXED)
    newer()
    new = Notebook(url)
    assert new.notes() == [note]
    with new.engine.connect() as connection:
        assert connection.execute(text("SELECT later FROM lrclr_notes")).scalar() is None
    if url.startswith("sqlite"):
        assert new.copy_before is not None and new.copy_before.name.startswith("notes.sqlite.0003-")
        copy = sqlite3.connect(new.copy_before)
        assert copy.execute("SELECT id, version FROM lrclr_notes").fetchall() == [(note.id, 1)]
        assert "later" not in str(copy.execute("SELECT sql FROM sqlite_master").fetchall())
    assert Notebook(url).copy_before is None
    old.close(), new.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(url, newer, monkeypatch):
    old = Notebook(url)
    note = old.add(film(), "Ada", BOXED)
    with monkeypatch.context():
        newer('op.execute("no SQL")')
        with pytest.raises(ExplorerError, match="cannot be used"):
            Notebook(url)
    schema.STEPS[1:] = []
    monkeypatch.setattr(schema, "STEPS", schema.STEPS[:1])
    assert Notebook(url).notes() == [note]
    with old.engine.connect() as connection, pytest.raises(Exception, match="later"):
        connection.execute(text("SELECT later FROM lrclr_notes"))
    old.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url, newer, monkeypatch):
    steps = schema.STEPS
    newer()
    Notebook(url).add(film(), "Ada", BOXED)
    monkeypatch.setattr(schema, "STEPS", steps)
    with pytest.raises(ExplorerError, match="newer version of LRCLR Explorer .step 0999.; update"):
        Notebook(url)
    newer()
    assert len(Notebook(url).notes()) == 1


def test_the_steps_make_the_tables_that_are_used(tmp_path):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from core.records.tables import VERSION_TABLE, metadata

    with Notebook().engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
