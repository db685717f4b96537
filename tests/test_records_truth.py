"""Notes change sets: films whose label was called wrong are left out, drawn shapes are truth."""

import numpy as np
import pytest
from notes_of import film
from tiny_archive import make
from tiny_model import TinySet

from core.archive.embedded_set import EmbeddedSet, open_embedded
from core.errors import ExplorerError
from core.evaluation.localize import localize
from core.inference.predictor import Predictor
from core.records.note import FilmRef, Said, Shape, box
from core.records.notebook import Notebook
from core.records.truth import drawn_truth, shape_mask, trusted
from core.specs import open_studies

PHANTOMS = "phantom:n=6,seed=5"


def of(studies, row: int) -> FilmRef:
    height, width = studies.image(row).shape
    return FilmRef(studies.image_key(row), width, height)


@pytest.fixture
def notebook():
    notebook = Notebook()
    yield notebook
    notebook.close()


def test_films_whose_label_was_called_wrong_are_left_out(notebook):
    studies = open_studies(PHANTOMS)
    for row, author, verdict in ((1, "Ada", "label is wrong"), (3, "Bo", "both are wrong"),
                                 (4, "Bo", "model is wrong")):  # fmt: skip
        notebook.add(of(studies, row), author, Said("Edema", verdict))
    taken_back = notebook.add(of(studies, 5), "Ada", Said("Edema", "label is wrong"))
    notebook.remove(taken_back, "Ada")
    kept = open_studies(f"trusted:{PHANTOMS}")
    assert kept.ids == [studies.ids[row] for row in (0, 2, 4, 5)]
    assert kept.spec == f"trusted:{PHANTOMS}"
    assert trusted(studies, notebook, ("Ada",)).ids == [i for i in studies.ids if "00001" not in i]
    assert len(open_studies(f"trusted,author=Ada,author=Bo:{PHANTOMS}")) == 4
    assert len(open_studies(f"trusted:{PHANTOMS} + phantom:n=2,seed=9")) == 6


def test_no_film_is_read_where_there_is_no_such_note(notebook):
    studies = TinySet(4)
    notebook.add(film(), "Ada", Said("Edema", "model is wrong"))
    assert trusted(studies, notebook) is studies and studies.reads == 0


def test_an_archive_without_doubted_films_keeps_its_embeddings(notebook, tmp_path):
    _, studies, _ = make(tmp_path, TinySet(6))
    notebook.add(of(studies, 2), "Ada", Said("Edema", "label is wrong"))
    kept = trusted(open_embedded(tmp_path / "a", lambda spec: studies), notebook)
    assert isinstance(kept, EmbeddedSet) and kept.ids == ["t0", "t1", "t3", "t4", "t5"]


def test_drawn_shapes_are_the_only_truth(notebook):
    studies = TinySet(4)
    assert studies.masks(1) and studies.masks(3)
    triangle = Shape("polygon", ((30, 10), (40, 10), (30, 20)))
    said = Said("Lung Opacity", shapes=(box(2, 4, 6, 8), triangle))
    notebook.add(of(studies, 1), "Ada", said)
    notebook.add(of(studies, 1), "Bo", Said("Edema", shapes=(box(0, 0, 5, 5),)))
    notebook.add(of(studies, 2), "Bo", Said(text="of no finding", shapes=(box(0, 0, 5, 5),)))
    drawn = drawn_truth(studies, notebook)
    masks = drawn.masks(1)
    assert set(masks) == {"Lung Opacity", "Edema"} and masks["Edema"].sum() == 25
    expected = shape_mask(box(2, 4, 6, 8), (40, 48)) | shape_mask(triangle, (40, 48))
    assert np.array_equal(masks["Lung Opacity"], expected)
    assert {(b.label, b.x, b.y, b.w, b.h) for b in drawn.boxes(1)} == {
        ("Lung Opacity", 2, 4, 6, 8), ("Lung Opacity", 30, 10, 10, 10), ("Edema", 0, 0, 5, 5)
    }  # fmt: skip
    assert [drawn.masks(row) for row in (0, 2, 3)] == [{}, {}, {}] and drawn.boxes(3) == ()
    assert drawn.subset([1]).masks(0).keys() == masks.keys()
    assert set(drawn_truth(studies, notebook, ("Bo",)).masks(1)) == {"Edema"}
    assert drawn.fingerprint != drawn_truth(studies, notebook, ("Bo",)).fingerprint
    assert np.array_equal(drawn.image(1), studies.image(1)) and drawn.ids == studies.ids


def test_localize_measures_against_what_was_drawn(notebook):
    from tiny_model import tiny_model

    studies = open_studies(PHANTOMS)
    predictor = Predictor(tiny_model(), "tiny")
    spec = f"drawn:{PHANTOMS}"
    with pytest.raises(ExplorerError, match="no mask or box"):
        localize(predictor, open_studies(spec), ["centre"], n_bootstrap=5)
    notebook.add(of(studies, 2), "Ada", Said("Edema", shapes=(box(92, 92, 40, 40),)))
    report = localize(predictor, open_studies(spec), ["centre", "oracle"], n_bootstrap=5)
    assert report.n == 1 and set(report.findings) == {"Edema"}


def test_a_polygon_covers_the_pixels_inside_it():
    square = Shape("polygon", ((10, 20), (40, 20), (40, 60), (10, 60)))
    assert np.array_equal(shape_mask(square, (80, 100)), shape_mask(box(10, 20, 30, 40), (80, 100)))
    triangle = shape_mask(Shape("polygon", ((0, 0), (60, 0), (0, 60))), (80, 100))
    assert triangle[5, 5] and not triangle[40, 40] and abs(int(triangle.sum()) - 1800) < 60


@pytest.mark.parametrize("spec", ["trusted,who=A:phantom:test", "drawn:", "trusted,author=A"])
def test_a_form_that_is_none_is_one_sentence(spec):
    with pytest.raises(ExplorerError, match="names no study set; write trusted,author=NAME:SET"):
        open_studies(spec)
