"""Region selection against a plain reference written here, and by hand."""

import pytest
import torch

from core.errors import ExplorerError
from core.lrclr import selection
from core.lrclr.config import LRCLRConfig


def _maps(layers: int = 3, batch: int = 2, heads: int = 2, tokens: int = 7) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (batch, heads, tokens, tokens)
    return [torch.rand(shape, generator=generator).softmax(dim=-1) for _ in range(layers)]


def test_product_equals_a_loop() -> None:
    maps = _maps()
    found = selection.product(maps)
    for image in range(2):
        for head in range(2):
            joined = torch.eye(7)
            for attention in maps:  # A_3 A_2 A_1: each later block stands to the left
                joined = attention[image, head] @ joined
            assert torch.allclose(found[image, head], joined[0, 1:], atol=1e-6)


def test_rollout_equals_a_loop() -> None:
    maps = _maps()
    found = selection.rollout(maps)
    for image in range(2):
        joined = torch.eye(7)
        for attention in maps:
            mean = sum(attention[image, head] for head in range(2)) / 2
            mixed = (mean + torch.eye(7)) / 2
            for row in range(7):
                mixed[row] = mixed[row] / mixed[row].sum()
            joined = mixed @ joined
        assert torch.allclose(found[image, 0], joined[0, 1:], atol=1e-6)


def test_product_and_rollout_by_hand() -> None:
    """CLS looks at patch 1 in the second block; patch 1 had looked at patch 2 in the first."""
    first = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])[None, None]
    second = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])[None, None]
    assert selection.product([first, second]).tolist() == [[[0.0, 1.0]]]
    assert selection.rollout([first, second]).tolist() == [[[0.25, 0.25]]]


def test_last_is_the_cls_row() -> None:
    maps = _maps()
    assert torch.equal(selection.last(maps), maps[-1][:, :, 0, 1:])


def _plain_pick(scores: list[list[float]], k: int) -> list[int]:
    """Each head's best, then by head mean until K distinct patches are held."""
    count = len(scores[0])
    mean = [sum(head[n] for head in scores) / len(scores) for n in range(count)]
    held = {max(range(count), key=lambda n, head=head: head[n]) for head in scores}
    held = set(sorted(held, key=lambda n: -mean[n])[:k])
    for n in sorted(range(count), key=lambda n: -mean[n]):
        if len(held) < k:
            held.add(n)
    return sorted(held)


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("heads", [1, 4])
def test_pick_equals_a_loop(k: int, heads: int) -> None:
    scores = torch.rand(5, heads, 6, generator=torch.Generator().manual_seed(k))
    found = selection.pick(scores, k)
    for image in range(5):
        assert sorted(found[image].tolist()) == _plain_pick(scores[image].tolist(), k)


def test_pick_by_hand_takes_every_heads_own_choice_first() -> None:
    # Patch 2 has the best mean, but each head prefers another one.
    scores = torch.tensor([[[9.0, 0.0, 8.0, 0.0], [0.0, 9.0, 8.0, 0.0]]])
    assert sorted(selection.pick(scores, 2)[0].tolist()) == [0, 1]
    assert sorted(selection.pick(scores, 3)[0].tolist()) == [0, 1, 2]


def test_ties_go_to_the_lower_index() -> None:
    assert selection.pick(torch.zeros(3, 2, 50), 4).tolist() == [[0, 1, 2, 3]] * 3


def test_picks_of_an_image_do_not_depend_on_its_batch() -> None:
    scores = torch.rand(1, 3, 40, generator=torch.Generator().manual_seed(0)) * 1e-9
    loud = torch.cat([scores, 1e4 * torch.ones(1, 3, 40)])
    assert torch.equal(selection.pick(scores, 7)[0], selection.pick(loud, 7)[0])
    body = torch.arange(40).expand(2, 40) > 5
    alone, together = selection.pick(scores, 36, body[:1]), selection.pick(loud, 36, body)
    assert torch.equal(alone[0], together[0])


def test_pick_takes_all_where_k_is_more() -> None:
    assert sorted(selection.pick(torch.rand(1, 2, 4), 9)[0].tolist()) == [0, 1, 2, 3]


def test_the_body_mask_keeps_attention_from_the_border() -> None:
    scores = torch.tensor([[[9.0, 1.0, 2.0, 0.5]]])  # a high-norm border patch hijacks the pick
    body = torch.tensor([[False, True, True, True]])
    plain, masked = selection.pick(scores, 2), selection.pick(scores, 2, body)
    assert sorted(masked[0].tolist()) == [1, 2]
    assert sorted(plain[0].tolist()) == [0, 2]
    assert 0 in selection.pick(scores, 4, body)[0]  # the border is taken when the body runs out


def test_body_mask_of_a_non_square_grid_finds_the_bright_half() -> None:
    pixels = torch.full((1, 1, 8, 8), -1.5)
    pixels[..., 4:] = 1.0
    body = selection.body_mask(pixels, (2, 4))
    assert body.tolist() == [[False, False, True, True] * 2]


def test_centre_scores_prefer_the_middle_of_a_non_square_grid() -> None:
    best = selection.centre_scores(1, (3, 5))[0, 0].argmax().item()
    assert best == 7


def test_each_scorer_asks_for_the_attention_it_needs_and_no_more() -> None:
    needs = {name: list(selection.attn_layers(name, 4)) for name in selection.SCORERS}
    assert needs["product"] == needs["rollout"] == [0, 1, 2]
    assert needs["last"] == [2]
    assert needs["text"] == needs["random"] == needs["centre"] == needs["all"] == []


def test_an_unknown_scorer_is_refused_wherever_it_is_named() -> None:
    refused = "Unknown scorer 'middle'; known: product, .*, all"
    with pytest.raises(ExplorerError, match=refused):
        selection.text_free_scores("middle", {}, 1, (3, 3))
    with pytest.raises(ExplorerError, match=refused):
        selection.attn_layers("middle", 4)
    with pytest.raises(ExplorerError, match=refused):
        selection.check_scorer("middle", 0)
    with pytest.raises(ValueError, match="each prompt for itself"):
        selection.text_free_scores("text", {}, 1, (3, 3))


def test_a_scorer_is_one_entry_of_the_table(monkeypatch) -> None:
    entry = selection.Scorer(
        "the attention of CLS in the first block", lambda depth: range(1),
        lambda maps, batch, grid: maps[0][:, :, 0, 1:],
    )  # fmt: skip
    monkeypatch.setitem(selection.SCORERS, "first", entry)
    assert LRCLRConfig(scorer="first").scorer == "first"
    assert list(selection.attn_layers("first", 4)) == [0]
    maps = _maps()
    scores = selection.text_free_scores("first", {0: maps[0]}, 2, (2, 3))
    assert torch.equal(scores, maps[0][:, :, 0, 1:])
    with pytest.raises(ExplorerError, match="use the scorer text, random, centre or all"):
        selection.check_scorer("first", 0)


@pytest.mark.parametrize("scorer", [name for name in selection.SCORERS if name != "text"])
def test_every_scorer_without_text_gives_each_patch_a_score(scorer: str) -> None:
    layers = selection.attn_layers(scorer, 4)
    maps = dict(enumerate(_maps(3)))
    scores = selection.text_free_scores(scorer, {n: maps[n] for n in layers}, 2, (2, 3))
    assert scores.shape[0] == 2 and scores.shape[2] == 6
