"""The cross-modality transformer: padding, place, order and the cosine term."""

import torch
from torch.nn import functional as F

from core.lrclr.cross_modality import CrossModalityTransformer, Fused


def _inputs(
    pairs: int, regions: int = 4, words: int = 3, width: int = 16
) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)

    def unit(*shape: int) -> torch.Tensor:
        return F.normalize(torch.randn(*shape, width, generator=generator), dim=-1)

    return {
        "image": unit(pairs), "regions": unit(pairs, regions),
        "centres": torch.rand(pairs, regions, 2, generator=generator),
        "words": unit(pairs, words), "mask": torch.ones(pairs, words, dtype=torch.bool),
        "text": unit(pairs),
    }  # fmt: skip


def _model(layers: int = 2) -> CrossModalityTransformer:
    torch.manual_seed(0)
    return CrossModalityTransformer(16, layers, 2).eval()


def _run(model: CrossModalityTransformer, inputs: dict[str, torch.Tensor]) -> Fused:
    with torch.no_grad():
        return model(**inputs)


def test_weights_sum_to_one_for_a_single_pair() -> None:
    fused = _run(_model(), _inputs(1))
    assert fused.region_weights.shape == (1, 4) and fused.match_logit.shape == (1,)
    assert torch.allclose(fused.region_weights.sum(dim=1), torch.ones(1))


def test_padding_changes_nothing() -> None:
    model, inputs = _model(), _inputs(2)
    plain = _run(model, inputs)
    inputs["words"] = F.pad(inputs["words"], (0, 0, 0, 2), value=7.0)
    inputs["mask"] = F.pad(inputs["mask"], (0, 2))
    padded = _run(model, inputs)
    assert torch.allclose(plain.match_logit, padded.match_logit, atol=1e-5)
    assert torch.allclose(plain.region_weights, padded.region_weights, atol=1e-5)


def test_a_permutation_of_the_regions_permutes_their_weights() -> None:
    model, inputs = _model(), _inputs(2)
    plain = _run(model, inputs)
    order = torch.tensor([2, 0, 3, 1])
    inputs["regions"], inputs["centres"] = inputs["regions"][:, order], inputs["centres"][:, order]
    permuted = _run(model, inputs)
    assert torch.allclose(plain.region_weights[:, order], permuted.region_weights, atol=1e-6)
    assert torch.allclose(plain.match_logit, permuted.match_logit, atol=1e-5)


def test_place_matters() -> None:
    model, inputs = _model(), _inputs(2)
    plain = _run(model, inputs)
    inputs["centres"] = 1 - inputs["centres"]
    assert not torch.allclose(plain.match_logit, _run(model, inputs).match_logit, atol=1e-4)


def test_region_weights_are_the_text_globals_attention_in_the_last_layer() -> None:
    """With attention weights that see only the cosine term, the weights are its softmax."""
    model, inputs = _model(layers=1), _inputs(1)
    block = model.blocks[0]
    with torch.no_grad():
        block.qkv.weight.zero_()
        block.qkv.bias.zero_()
    cosine = torch.einsum("bkd,bd->bk", inputs["regions"], inputs["text"])
    expected = (model.log_beta.exp() * cosine).softmax(dim=1)
    assert torch.allclose(_run(model, inputs).region_weights, expected, atol=1e-6)
