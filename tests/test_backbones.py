"""open_clip's towers behind our interface give open_clip's own numbers, attention included."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from open_clip.timm_model import TimmModel
from tiny_open_clip import tiny_native, tiny_pixels, tiny_timm

from core.backbones.clip import ClipBackbone
from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.open_clip_vit import open_clip_backbone
from core.backbones.registry import load_backbone
from core.backbones.vision_trunks import TimmTrunk
from core.errors import ExplorerError
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR

TEXTS = ["no pneumothorax", "There is a small left pleural effusion!"]


@pytest.fixture(params=["native", "avg", "timm"])
def backbone(request: pytest.FixtureRequest, tmp_path: Path) -> ClipBackbone:
    if request.param == "timm":
        return tiny_timm(tmp_path)
    return tiny_native(pool_type="avg" if request.param == "avg" else "tok")


@torch.no_grad()
@pytest.mark.parametrize("batch", [1, 2])
def test_image_embedding_is_the_librarys(backbone: ClipBackbone, batch: int) -> None:
    pixels = tiny_pixels(backbone, batch)
    tokens = backbone.image_tokens(pixels, attn_layers=range(backbone.depth - 1))
    image_features, patches = backbone.finish(tokens.tokens)
    expected = backbone.model.encode_image(pixels)
    assert torch.allclose(image_features, expected, atol=1e-5)
    height, width = tokens.grid
    assert patches.shape == (batch, height * width, backbone.embed_dim) == tokens.local.shape


@torch.no_grad()
def test_tokens_are_what_the_librarys_last_block_is_given(backbone: ClipBackbone) -> None:
    seen: list[torch.Tensor] = []
    handle = backbone.trunk.blocks[-1].register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    pixels = tiny_pixels(backbone)
    try:
        backbone.model.encode_image(pixels)
    finally:
        handle.remove()
    assert torch.allclose(backbone.image_tokens(pixels).tokens, seen[0], atol=1e-5)


@torch.no_grad()
def test_attention_is_the_softmax_of_the_librarys_own_projections(
    backbone: ClipBackbone,
) -> None:
    """Query and key are computed here from the weights, not by the code under test."""
    pixels = tiny_pixels(backbone)
    inputs: list[torch.Tensor] = []
    block: Any = backbone.trunk.blocks[1]
    native = hasattr(block, "ln_1")
    norm = block.ln_1 if native else block.norm1
    handle = norm.register_forward_hook(lambda _, __, out: inputs.append(out))
    try:
        found = backbone.image_tokens(pixels, attn_layers=[1])
    finally:
        handle.remove()
    assert len(inputs) == 1, "one pass"
    assert set(found.attn_weights) == {1}
    attention = block.attn
    weight = attention.in_proj_weight if native else attention.qkv.weight
    bias = attention.in_proj_bias if native else attention.qkv.bias
    joined = inputs[0] @ weight.T + bias
    batch, count, width = inputs[0].shape
    heads = backbone.heads
    query, key, _ = joined.view(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    expected = (query @ key.transpose(-2, -1) / (width // heads) ** 0.5).softmax(dim=-1)
    assert torch.allclose(found.attn_weights[1], expected, atol=1e-5)


@torch.no_grad()
def test_text_embedding_is_the_librarys_and_words_are_its_tokens(
    backbone: ClipBackbone,
) -> None:
    found = backbone.text_tokens(TEXTS)
    expected = backbone.model.encode_text(backbone.reader.tokenizer(TEXTS))
    assert torch.allclose(found.text_features, expected, atol=1e-5)
    assert found.words.shape[:2] == found.mask.shape
    for pieces, mask in zip(found.pieces, found.mask, strict=True):
        assert len(pieces) == len(mask)
        assert [bool(piece) for piece in pieces] == mask.tolist()
        assert not any("end" in piece or piece.startswith("[CLS") for piece in pieces)
    assert "".join(found.pieces[0]).startswith("no")


@torch.no_grad()
def test_the_text_tower_works_on_no_padding(backbone: ClipBackbone) -> None:
    tower = backbone.reader.tower.transformer
    lengths: list[int] = []

    def see(_: Any, args: Any, named: dict[str, Any]) -> None:
        lengths.append((args[0] if args else named["input_ids"]).shape[1])

    handle = tower.register_forward_pre_hook(see, with_kwargs=True)
    try:
        found = backbone.text_tokens(TEXTS)
    finally:
        handle.remove()
    words = int(found.mask.sum(dim=1).max())
    assert lengths == [words + 2] and words + 2 < backbone.context_length  # begin and end of text


@torch.no_grad()
def test_in_bfloat16_the_towers_run_in_it_and_say_the_same(backbone: ClipBackbone) -> None:
    pixels = tiny_pixels(backbone)
    with torch.autocast("cpu", torch.bfloat16):
        tokens = backbone.image_tokens(pixels).tokens
        found, _ = backbone.finish(tokens)
    assert tokens.dtype == torch.bfloat16
    expected = backbone.model.encode_image(pixels)
    assert torch.cosine_similarity(found.float(), expected).min() > 0.999


@torch.no_grad()
def test_an_empty_or_overlong_text_does_not_crash(backbone: ClipBackbone) -> None:
    found = backbone.text_tokens(["", "pleural " * 300])
    assert torch.isfinite(found.text_features).all()
    assert not found.mask[0].any() and found.mask[1].any()
    assert found.mask.shape[1] <= backbone.context_length


@torch.no_grad()
def test_an_unknown_word_is_a_word_of_a_hugging_face_tower(tmp_path: Path) -> None:
    found = tiny_timm(tmp_path).text_tokens(["nodule left"])
    assert found.pieces == [["", "[UNK]", "left"]]


@torch.no_grad()
def test_nothing_is_left_on_the_modules(backbone: ClipBackbone) -> None:
    def state() -> list[tuple[int, list[str]]]:
        return [(len(module._forward_hooks) + len(module._forward_pre_hooks), sorted(vars(module)))
                for module in backbone.modules()]  # fmt: skip

    before, pixels = state(), tiny_pixels(backbone, 1)
    backbone.image_tokens(pixels, range(backbone.depth - 1))
    with pytest.raises(RuntimeError):
        backbone.image_tokens(pixels[:, :1], [0])
    assert state() == before


@torch.no_grad()
def test_local_is_the_value_path_of_the_last_block(backbone: ClipBackbone) -> None:
    """Attention that sees one token only has nothing to mix: its output is its value path."""
    found = backbone.image_tokens(tiny_pixels(backbone, 1))
    block: Any = backbone.trunk.blocks[-1]
    for place in (1, found.tokens.shape[1] - 1):
        alone = found.tokens[:, place : place + 1]
        if hasattr(block, "ln_1"):
            alone = block.attention(block.ln_1(alone))
        else:
            alone = block.attn(block.norm1(alone))
        expected = backbone.project(alone)[:, 0]
        assert torch.allclose(found.local[:, place - 1], expected, atol=1e-5)


@torch.no_grad()
def test_the_projected_cls_token_is_the_image_embedding() -> None:
    backbone, pixels = tiny_native(), tiny_pixels(tiny_native())
    last = backbone.last_block()(backbone.image_tokens(pixels).tokens)
    expected = backbone.model.encode_image(pixels)
    assert torch.allclose(backbone.project(last[:, :1])[:, 0], expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("vision", [
    {"pos_embed_type": "sin_cos_2d"}, {"no_ln_pre": True}, {"ls_init_value": 0.5},
    {"pool_type": "avg", "final_ln_after_pool": True},
])  # fmt: skip
def test_variants_of_the_native_tower_stay_equal(vision: dict[str, Any]) -> None:
    backbone = tiny_native(**vision)
    pixels = tiny_pixels(backbone)
    found, _ = backbone.finish(backbone.image_tokens(pixels, [0, 1]).tokens)
    assert torch.allclose(found, backbone.model.encode_image(pixels), atol=1e-5)


@pytest.mark.parametrize("vision", [
    {"attentional_pool": True, "attn_pooler_heads": 2}, {"pool_type": "none"},
    {"block_type": "custom", "qk_norm": True},
])  # fmt: skip
def test_a_native_tower_that_cannot_be_read_is_refused(vision: dict[str, Any]) -> None:
    with pytest.raises(ExplorerError, match="image tower"):
        tiny_native(**vision)


@pytest.mark.parametrize(
    "name", ["eva02_tiny_patch14_224", "vit_relpos_medium_patch16_cls_224", "resnet18",
             "vit_base_patch14_reg4_dinov2"]
)  # fmt: skip
def test_a_timm_trunk_that_cannot_be_read_is_refused(name: str) -> None:
    with torch.device("meta"):
        visual = TimmModel(name, 16, pool="", proj="linear", image_size=224, pretrained=False)
    with pytest.raises(ExplorerError, match="image tower"):
        TimmTrunk(visual)


def test_weights_of_another_activation_are_refused_before_any_download() -> None:
    with pytest.raises(ExplorerError, match="ViT-B-32-quickgelu/openai"):
        open_clip_backbone("ViT-B-32", "openai")


@torch.no_grad()
def test_an_exclamation_mark_is_a_word_and_clips_padding_is_not() -> None:
    found = tiny_native().text_tokens(["effusion !", "no"])
    assert found.pieces[0][-1] == "!</w>"
    assert found.pieces[1] == ["", "no</w>"] + [""] * (found.mask.shape[1] - 2)


@torch.no_grad()
def test_the_words_of_clip_hold_its_embedding_where_the_text_ends() -> None:
    """The end-of-text token's projection is the sentence's embedding: same path for both."""
    backbone = tiny_native()
    ids = backbone.reader.tokenizer(["no"])
    words, text_features = backbone.reader._clip(ids)
    assert torch.allclose(words[0, int(ids.argmax())], text_features[0], atol=1e-6)


def test_last_block_is_a_copy() -> None:
    backbone = tiny_native()
    copy = backbone.last_block()
    with torch.no_grad():
        next(copy.parameters()).add_(1.0)
    assert not torch.equal(next(copy.parameters()), next(backbone.trunk.blocks[-1].parameters()))


@torch.no_grad()
def test_a_deep_copy_reads_its_own_weights() -> None:
    backbone = tiny_native()
    copy = deepcopy(backbone)
    copy.model.visual.conv1.weight.zero_()
    pixels = tiny_pixels(backbone)
    assert not torch.allclose(
        copy.image_tokens(pixels).tokens, backbone.image_tokens(pixels).tokens
    )


@torch.no_grad()
@pytest.mark.parametrize(
    "scorer", ["product", "rollout", "last", "text", "random", "centre", "all"]
)
def test_lrclr_takes_any_backbone(backbone: ClipBackbone, scorer: str) -> None:
    model = LRCLR(backbone, LRCLRConfig(scorer=scorer, k=3)).eval()
    images, texts = model.encode_image(tiny_pixels(backbone)), model.encode_text(TEXTS)
    reading = model.read(images, texts)
    whole = reading.weights.sum(dim=-1) + reading.nowhere
    assert torch.allclose(whole, torch.ones(2, 2), atol=1e-5)
    assert reading.local.shape == reading.match.shape == (2, 2)


@pytest.mark.slow
@torch.no_grad()
def test_the_full_vit_b_32_is_quickgelu_and_equal() -> None:
    backbone = open_clip_backbone("ViT-B-32-quickgelu").eval()
    pixels = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    image_features, _ = backbone.finish(backbone.image_tokens(pixels, [0, 10]).tokens)
    assert torch.allclose(image_features, backbone.model.encode_image(pixels), atol=1e-5)
    assert backbone.grid == (7, 7)


def test_compact_tokens_equal_a_plain_pass_and_attention_rows_sum_to_one() -> None:
    torch.manual_seed(0)
    backbone = CompactBackbone(CompactConfig(width=16, heads=2)).eval()
    pixels = torch.randn(2, 1, 224, 224)
    with torch.no_grad():
        plain = backbone.image_tokens(pixels)
        watched = backbone.image_tokens(pixels, [0, 2])
    assert torch.allclose(plain.tokens, watched.tokens, atol=1e-6)
    assert plain.grid == (14, 14) and set(watched.attn_weights) == {0, 2}
    rows = watched.attn_weights[0].sum(dim=-1)
    assert torch.allclose(rows, torch.ones_like(rows), atol=1e-5)


@pytest.mark.parametrize(
    "spec", ["open_clip:No-Such", "open_clip:RN50", "nonsense", "open_clip:", "openai:", "x:y"]
)
def test_what_cannot_be_a_backbone_is_refused(spec: str) -> None:
    with pytest.raises(ExplorerError):
        load_backbone(spec)
