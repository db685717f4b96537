"""Probes of a batch, of depth, of regions, of side, of shortcuts; by hand where that can be."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.evaluation.text_truth import text_truth
from core.inference.predictor import Predictor, load_predictor
from core.lessons import batch as batch_module
from core.lessons.batch import FilmBatch, film_batch
from core.lessons.bench import LessonBench, plain_bench
from core.lessons.depth import changes, near_shares
from core.lessons.kept import SCORERS, needed, patches_of, rankings, share_kept
from core.lessons.lesson import LessonQuestion
from core.lessons.mirrored import mirrored_rows, told_right
from core.lessons.probes import PROBES, check_answer
from core.lessons.shortcuts import noisy_films, scored_twins, twin_rows
from core.specs import open_studies
from core.studies.phantom_set import PhantomSet


@pytest.fixture(scope="module")
def studies() -> PhantomSet:
    return cast(PhantomSet, open_studies("phantom:n=24,seed=5"))


@pytest.fixture(scope="module")
def demo() -> Predictor:
    return load_predictor("demo")


def asked(probe: str, **settings: Any) -> LessonQuestion:
    fields = PROBES[probe].fields
    values = {name: () if field.many else field.default for name, field in fields.items()}
    return LessonQuestion("q", "during", "?", probe, {**values, **settings}, False, "", 1)


def scored(studies: PhantomSet, score: Any) -> LessonBench:
    return LessonBench(cast(Any, None), studies, 1, cast(Any, None), score, cast(Any, None))


TWO = FilmBatch(
    (3, 7), ("a", "b"), np.array([[0.5, 0.3], [0.1, 0.5]], np.float32),
    np.array([[True, True], [False, True]]),
)  # fmt: skip


def test_a_batch_s_loss_is_infonce_and_forgives_true_pairs_if_asked() -> None:
    down = [np.log1p(np.exp(-2.0)), np.log1p(np.exp(-4.0))]  # of films over sentences
    across = [np.log1p(np.exp(-4.0)), np.log1p(np.exp(-2.0))]
    assert TWO.loss(0.1) == pytest.approx((np.mean(down) + np.mean(across)) / 2, abs=1e-6)
    assert TWO.unasked == [(0, 1)]
    assert TWO.loss(0.1, forgiven=True) != pytest.approx(TWO.loss(0.1))
    assert TWO.chances(0.1)[0, 0] == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-6)


def test_a_temperature_and_a_count_are_checked_against_the_batch(
    monkeypatch: pytest.MonkeyPatch, studies: PhantomSet
) -> None:
    monkeypatch.setattr(batch_module, "film_batch", lambda bench, size, number: TWO)
    bench = scored(studies, None)
    near = asked("temperature", within=0.01)
    assert check_answer(near, bench, 0.01).passed  # nothing here is ranked wrong
    off = check_answer(near, bench, 1.0)
    assert not off.passed and off.value == pytest.approx(TWO.loss(1.0))
    count = asked("unasked", within=0)
    assert check_answer(count, bench, 1).passed and not check_answer(count, bench, 2).passed
    assert check_answer(count, bench, 2).table == (("1", "b"),)


def test_a_student_s_batch_has_a_true_sentence_of_each_film(
    studies: PhantomSet, demo: Predictor
) -> None:
    bench = plain_bench(demo, studies, 1)
    made = film_batch(bench, 6, 0)
    assert len(made.rows) == 6 and {*made.rows} <= {*bench.rows.tolist()}
    for place, (row, text) in enumerate(zip(made.rows, made.texts, strict=True)):
        assert text in studies.report(row)
        assert made.true[:, place].tolist() == [
            bool(text_truth(studies, text)[other] == 1) or other == row for other in made.rows
        ]
    films = bench.encoded().image_features[list(made.rows)]
    texts = demo.encode_texts(list(made.texts)).text_features
    assert np.allclose(made.cosine, films @ texts.T, atol=1e-6)
    assert film_batch(bench, 6, 1).rows != made.rows


def test_the_share_beside_a_patch_is_of_nine_cells() -> None:
    change = np.ones((1, 4, 4), np.float32)
    assert near_shares(change, (1, 1))[0] == pytest.approx(9 / 16)
    assert near_shares(change, (0, 0))[0] == pytest.approx(4 / 16)


def test_attention_spreads_what_a_hidden_patch_changes(
    studies: PhantomSet, demo: Predictor
) -> None:
    bench = plain_bench(demo, studies, 1)
    change = changes(bench, 0, (7, 7))
    assert change.shape == (demo.model.backbone.depth, *demo.model.backbone.grid)
    shares = near_shares(change, (7, 7))
    assert shares[0] > 2 * shares[-1] > 0


def test_patches_hold_a_finding_that_covers_a_quarter_of_them() -> None:
    mask = np.zeros((4, 4), bool)
    mask[0, 0] = True
    assert patches_of(mask, (2, 2)).tolist() == [True, False, False, False]
    wide = np.zeros((40, 40), bool)
    wide[0, 0] = True  # less than a quarter of any patch: that which holds most
    assert patches_of(wide, (2, 2)).tolist() == [True, False, False, False]
    assert share_kept({1: 3, 2: 12, 3: 13}, 12) == pytest.approx(2 / 3)


def test_every_scorer_ranks_every_patch_once_and_the_least_k_is_where_it_holds(
    studies: PhantomSet, demo: Predictor
) -> None:
    bench = plain_bench(demo, studies, 1)
    (row,) = bench.having("Pleural Effusion", 1)
    ranked = rankings(bench, row, "pleural effusion")
    count = demo.model.backbone.grid[0] * demo.model.backbone.grid[1]
    assert set(ranked) == set(SCORERS)
    assert all(sorted(order.tolist()) == list(range(count)) for order in ranked.values())
    holds = patches_of(studies.masks(row)["Pleural Effusion"], bench.encoded().grid)
    for scorer, least in needed(bench, "Pleural Effusion", "pleural effusion", 1).items():
        order = ranked[scorer]
        assert holds[order[least[row] - 1]] and not holds[order[: least[row] - 1]].any()
    question = asked("kept", finding=("Pleural Effusion",), films=1, share=1.0, within=0)
    least_k = needed(bench, "Pleural Effusion", "pleural effusion", 1)["text"][row]
    assert check_answer(question, bench, least_k).passed
    assert check_answer(question, bench, least_k + 1).told == "kept-many"


def test_a_score_tells_a_side_where_the_true_sentence_is_higher(studies: PhantomSet) -> None:
    text = "left pleural effusion"
    truth = text_truth(studies, text)

    def score(asked_text: str, name: str) -> NDArray[np.float64]:
        right = truth if asked_text == text else 1 - truth
        return right if name == "local" else 1 - right

    bench = scored(studies, score)
    rows, is_text = mirrored_rows(bench, text)
    assert len(rows) and (truth[rows] == is_text).all()
    assert told_right(bench, text, "local").all() and not told_right(bench, text, "global").any()
    tellers = asked("tellers", text=text, atleast=0.9,
                    option=(("Regions", "local"), ("Film", "global")))  # fmt: skip
    assert check_answer(tellers, bench, ["Regions"]).passed
    with pytest.raises(ExplorerError, match="no side"):
        mirrored_rows(bench, "pleural effusion")


def test_twins_differ_in_one_thing_and_lack_the_finding(
    studies: PhantomSet, demo: Predictor
) -> None:
    bench = plain_bench(demo, studies, 1)
    (row,) = twin_rows(bench, "Edema", 1)
    labels = studies.labels.iloc[row]
    assert labels["Edema"] == 0 and labels["Support Devices"] == 0
    pair = scored_twins(bench, row, "device", "pulmonary edema")
    assert not np.array_equal(pair.low, pair.high)
    same = scored_twins(bench, row, "age", "pulmonary edema")  # which is not drawn
    assert np.array_equal(same.low, same.high) and same.moved == 0


def test_turned_labels_are_found_or_shown(studies: PhantomSet) -> None:
    truth = studies.labels["Pleural Effusion"].to_numpy(float)
    bench = scored(studies, lambda text, name: truth)
    films = noisy_films(bench, "Pleural Effusion", "pleural effusion", 6, 2)
    assert len(films.wrong) == 2
    for row, given in zip(films.rows, films.given, strict=True):
        assert given == ((truth[row] == 1) != (row in films.wrong))
    question = asked("relabel", finding=("Pleural Effusion",), films=6, flips=2, least=2, spare=0)
    right = check_answer(question, bench, [str(row) for row in films.wrong])
    assert right.passed and right.value == 1.0 and not right.films
    wrong = check_answer(question, bench, [str(films.rows[0])])
    assert not wrong.passed and {film.row for film in wrong.films} >= films.wrong - {films.rows[0]}
    other = replace(bench, seed=2)
    assert noisy_films(other, "Pleural Effusion", "x", 6, 2).rows != films.rows
