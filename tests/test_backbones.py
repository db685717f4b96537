"""open_clip's towers behind our interface give open_clip's own numbers, attention included."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from open_clip.timm_model import TimmModel
from safetensors.torch import save_file
from transformers import BertConfig, BertTokenizerFast

from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.open_clip_vit import OpenClipBackbone, open_clip_backbone, preprocess_of
from core.backbones.openai_checkpoint import _architecture, openai_backbone
from core.backbones.registry import build_backbone, load_backbone
from core.backbones.vision_trunks import TimmTrunk
from core.errors import ExplorerError
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.preprocessing import Preprocess

TEXTS = ["no pneumothorax", "There is a small left pleural effusion!"]
VISION = {"layers": 3, "width": 128, "head_width": 64, "patch_size": 16, "image_size": 64}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2}


def _native(**vision: Any) -> OpenClipBackbone:
    torch.manual_seed(0)
    model = CLIP(32, CLIPVisionCfg(**{**VISION, **vision}), CLIPTextCfg(**TEXT), quick_gelu=True)
    return OpenClipBackbone(
        model, open_clip.SimpleTokenizer(), Preprocess(64, channels=3), {"kind": "test"}
    ).eval()


def _timm(tmp_path: Path) -> OpenClipBackbone:
    """A timm trunk with a Hugging Face text tower, both tiny and local."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "left", "pleural", "effusion", "!"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=24,
    ).save_pretrained(tmp_path)  # fmt: skip
    torch.manual_seed(0)
    vision = CLIPVisionCfg(
        timm_model_name="vit_tiny_patch16_224", timm_model_pretrained=False, timm_pool="token",
        timm_proj="linear", image_size=224,
    )  # fmt: skip
    text = CLIPTextCfg(
        hf_model_name=str(tmp_path), hf_model_pretrained=False, hf_tokenizer_name=str(tmp_path),
        hf_pooler_type="cls_last_hidden_state_pooler", hf_proj_type="linear", context_length=24,
    )  # fmt: skip
    model = CustomTextCLIP(16, vision, text)
    tokenizer = open_clip.tokenizer.HFTokenizer(str(tmp_path), context_length=24)
    return OpenClipBackbone(model, tokenizer, Preprocess(224, channels=3), {"kind": "test"}).eval()


@pytest.fixture(params=["native", "avg", "timm"])
def backbone(request: pytest.FixtureRequest, tmp_path: Path) -> OpenClipBackbone:
    if request.param == "timm":
        return _timm(tmp_path)
    return _native(pool_type="avg" if request.param == "avg" else "tok")


def _pixels(backbone: OpenClipBackbone, batch: int = 2) -> torch.Tensor:
    size = backbone.preprocess.size
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize("batch", [1, 2])
def test_image_embedding_is_the_librarys(backbone: OpenClipBackbone, batch: int) -> None:
    pixels = _pixels(backbone, batch)
    tokens = backbone.image_tokens(pixels, attn_layers=range(backbone.depth - 1))
    image_features, patches = backbone.finish(tokens.tokens)
    expected = backbone.model.encode_image(pixels)
    assert torch.allclose(image_features, expected, atol=1e-5)
    height, width = tokens.grid
    assert patches.shape == (batch, height * width, backbone.embed_dim) == tokens.local.shape


@torch.no_grad()
def test_tokens_are_what_the_librarys_last_block_is_given(backbone: OpenClipBackbone) -> None:
    seen: list[torch.Tensor] = []
    handle = backbone.trunk.blocks[-1].register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    pixels = _pixels(backbone)
    try:
        backbone.model.encode_image(pixels)
    finally:
        handle.remove()
    assert torch.allclose(backbone.image_tokens(pixels).tokens, seen[0], atol=1e-5)


@torch.no_grad()
def test_attention_is_the_softmax_of_the_librarys_own_projections(
    backbone: OpenClipBackbone,
) -> None:
    """Query and key are computed here from the weights, not by the code under test."""
    pixels = _pixels(backbone)
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
    backbone: OpenClipBackbone,
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
def test_an_empty_or_overlong_text_does_not_crash(backbone: OpenClipBackbone) -> None:
    found = backbone.text_tokens(["", "pleural " * 300])
    assert torch.isfinite(found.text_features).all()
    assert not found.mask[0].any() and found.mask[1].any()
    assert found.mask.shape[1] <= backbone.context_length


@torch.no_grad()
def test_an_unknown_word_is_a_word_of_a_hugging_face_tower(tmp_path: Path) -> None:
    found = _timm(tmp_path).text_tokens(["nodule left"])
    assert found.pieces == [["", "[UNK]", "left"]]


@torch.no_grad()
def test_nothing_is_left_on_the_modules(backbone: OpenClipBackbone) -> None:
    def state() -> list[tuple[int, list[str]]]:
        return [(len(module._forward_hooks) + len(module._forward_pre_hooks), sorted(vars(module)))
                for module in backbone.modules()]  # fmt: skip

    before, pixels = state(), _pixels(backbone, 1)
    backbone.image_tokens(pixels, range(backbone.depth - 1))
    with pytest.raises(RuntimeError):
        backbone.image_tokens(pixels[:, :1], [0])
    assert state() == before


@torch.no_grad()
def test_local_is_the_value_path_of_the_last_block(backbone: OpenClipBackbone) -> None:
    """Attention that sees one token only has nothing to mix: its output is its value path."""
    found = backbone.image_tokens(_pixels(backbone, 1))
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
    backbone, pixels = _native(), _pixels(_native())
    last = backbone.last_block()(backbone.image_tokens(pixels).tokens)
    expected = backbone.model.encode_image(pixels)
    assert torch.allclose(backbone.project(last[:, :1])[:, 0], expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("vision", [
    {"pos_embed_type": "sin_cos_2d"}, {"no_ln_pre": True}, {"ls_init_value": 0.5},
    {"pool_type": "avg", "final_ln_after_pool": True},
])  # fmt: skip
def test_variants_of_the_native_tower_stay_equal(vision: dict[str, Any]) -> None:
    backbone = _native(**vision)
    pixels = _pixels(backbone)
    found, _ = backbone.finish(backbone.image_tokens(pixels, [0, 1]).tokens)
    assert torch.allclose(found, backbone.model.encode_image(pixels), atol=1e-5)


@pytest.mark.parametrize("vision", [
    {"attentional_pool": True, "attn_pooler_heads": 2}, {"pool_type": "none"},
    {"block_type": "custom", "qk_norm": True},
])  # fmt: skip
def test_a_native_tower_that_cannot_be_read_is_refused(vision: dict[str, Any]) -> None:
    with pytest.raises(ExplorerError, match="image tower"):
        _native(**vision)


@pytest.mark.parametrize(
    "name", ["eva02_tiny_patch14_224", "vit_relpos_medium_patch16_cls_224", "resnet18",
             "vit_base_patch16_siglip_224"]
)  # fmt: skip
def test_a_timm_trunk_that_cannot_be_read_is_refused(name: str) -> None:
    with torch.device("meta"):
        visual = TimmModel(name, 16, pool="", proj="linear", image_size=224, pretrained=False)
    with pytest.raises(ExplorerError, match="image tower"):
        TimmTrunk(visual)


def test_weights_of_another_activation_are_refused_before_any_download() -> None:
    with pytest.raises(ExplorerError, match="ViT-B-32-quickgelu/openai"):
        open_clip_backbone("ViT-B-32", "openai")


def test_a_vit_b_32_has_the_302_tensors_of_openais_layout() -> None:
    vision = {"layers": 12, "width": 768, "head_width": 64, "patch_size": 32, "image_size": 224}
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}
    with torch.device("meta"):
        model = CLIP(512, CLIPVisionCfg(**vision), CLIPTextCfg(**text), quick_gelu=True)
    state = model.state_dict()
    assert len(state) == 302
    found = _architecture(state, "clip.pt")
    assert found == {"embed_dim": 512, "vision": vision, "text": text}


@torch.no_grad()
def test_an_exclamation_mark_is_a_word_and_clips_padding_is_not() -> None:
    found = _native().text_tokens(["effusion !", "no"])
    assert found.pieces[0][-1] == "!</w>"
    assert found.pieces[1] == ["", "no</w>"] + [""] * (found.mask.shape[1] - 2)


@torch.no_grad()
def test_the_words_of_clip_hold_its_embedding_where_the_text_ends() -> None:
    """The end-of-text token's projection is the sentence's embedding: same path for both."""
    backbone = _native()
    ids = backbone.reader.tokenizer(["no"])
    words, text_features = backbone.reader._clip(ids)
    assert torch.allclose(words[0, int(ids.argmax())], text_features[0], atol=1e-6)


def test_last_block_is_a_copy() -> None:
    backbone = _native()
    copy = backbone.last_block()
    with torch.no_grad():
        next(copy.parameters()).add_(1.0)
    assert not torch.equal(next(copy.parameters()), next(backbone.trunk.blocks[-1].parameters()))


@torch.no_grad()
def test_a_deep_copy_reads_its_own_weights() -> None:
    backbone = _native()
    copy = deepcopy(backbone)
    copy.model.visual.conv1.weight.zero_()
    pixels = _pixels(backbone)
    assert not torch.allclose(
        copy.image_tokens(pixels).tokens, backbone.image_tokens(pixels).tokens
    )


@torch.no_grad()
@pytest.mark.parametrize(
    "scorer", ["product", "rollout", "last", "text", "random", "centre", "all"]
)
def test_lrclr_takes_any_backbone(backbone: OpenClipBackbone, scorer: str) -> None:
    model = LRCLR(backbone, LRCLRConfig(scorer=scorer, k=3)).eval()
    images, texts = model.encode_image(_pixels(backbone)), model.encode_text(TEXTS)
    fusion = model.fuse(images, texts)
    assert fusion.region_weights.sum(dim=1) == pytest.approx(torch.ones(2))
    assert model.local_scores(images, texts).shape == (2, 2)


@pytest.mark.slow
@torch.no_grad()
def test_the_full_vit_b_32_is_quickgelu_and_equal() -> None:
    backbone = open_clip_backbone("ViT-B-32-quickgelu").eval()
    pixels = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    image_features, _ = backbone.finish(backbone.image_tokens(pixels, [0, 10]).tokens)
    assert torch.allclose(image_features, backbone.model.encode_image(pixels), atol=1e-5)
    assert backbone.grid == (7, 7)


def test_preprocessing_is_the_models_own() -> None:
    preprocess = preprocess_of(open_clip.create_model("RN50-quickgelu"))
    assert preprocess.mean == pytest.approx([255 * v for v in open_clip.OPENAI_DATASET_MEAN])
    assert (preprocess.size, preprocess.mode) == (224, "crop")


def test_compact_tokens_equal_a_plain_pass_and_attention_rows_sum_to_one() -> None:
    torch.manual_seed(0)
    backbone = CompactBackbone(CompactConfig(stem_channels=(8, 8, 16), width=16, heads=2)).eval()
    pixels = torch.randn(2, 1, 192, 192)
    with torch.no_grad():
        plain = backbone.image_tokens(pixels)
        watched = backbone.image_tokens(pixels, [0, 2])
    assert torch.allclose(plain.tokens, watched.tokens, atol=1e-6)
    assert plain.grid == (12, 12) and set(watched.attn_weights) == {0, 2}
    rows = watched.attn_weights[0].sum(dim=-1)
    assert torch.allclose(rows, torch.ones_like(rows), atol=1e-5)


class TestOpenAICheckpoint:
    def _save(self, folder: Path, **extra: torch.Tensor) -> tuple[Path, OpenClipBackbone]:
        source = _native()
        state = {**source.model.state_dict(), **extra}
        torch.save(state, folder / "clip.pt")
        return folder / "clip.pt", source

    @torch.no_grad()
    def test_features_are_those_of_the_model_that_was_saved(self, tmp_path: Path) -> None:
        path, source = self._save(tmp_path, input_resolution=torch.tensor(64))
        loaded = load_backbone(f"chexzero:{path}")
        pixels = _pixels(source)
        expected = source.model.encode_image(pixels)
        found, _ = loaded.finish(loaded.image_tokens(pixels).tokens)
        assert torch.allclose(found, expected, atol=1e-5)
        assert loaded.preprocess.pad_to == 320

    @torch.no_grad()
    def test_the_architecture_is_made_again_from_its_description(self, tmp_path: Path) -> None:
        path, source = self._save(tmp_path)
        loaded = openai_backbone(path)
        again = build_backbone(loaded.describe())
        again.load_state_dict(loaded.state_dict())
        pixels = _pixels(source)
        assert torch.equal(again.image_tokens(pixels).tokens, loaded.image_tokens(pixels).tokens)

    def test_what_is_no_such_checkpoint_is_one_sentence(self, tmp_path: Path) -> None:
        torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.pt")
        torch.save(_native().model, tmp_path / "whole.pt")  # a pickled module would run code
        path, source = self._save(tmp_path)
        state = source.model.state_dict()
        state["ln_final.bias"] = torch.zeros(3)
        torch.save(state, tmp_path / "shape.pt")
        words = {"other.pt": "layout", "whole.pt": "damaged",
                 "shape.pt": "ln_final.bias", "none.pt": "no checkpoint"}  # fmt: skip
        for name, word in words.items():
            with pytest.raises(ExplorerError, match=word):
                openai_backbone(tmp_path / name)

    def test_bytes_of_any_kind_are_refused(self, tmp_path: Path) -> None:
        path, generator = tmp_path / "junk.pt", np.random.default_rng(0)
        for start in (b"", b"a", b"\x80\x02", b"PK\x03\x04"):
            for _ in range(20):
                path.write_bytes(start + generator.bytes(200))
                with pytest.raises(ExplorerError, match="damaged"):
                    openai_backbone(path)

    @pytest.mark.parametrize(("name", "shape", "words"), [
        ("token_embedding.weight", (1000, 64), "1000 pieces; CLIP's 49408"),
        ("visual.conv1.weight", (32, 3, 16, 16), "widths 32 and 64"),
        ("visual.proj", (128, 5), r"visual.proj \(expected 128 x 32, found 128 x 5\)"),
        ("text_projection", (), "text_projection are expected"),
    ])  # fmt: skip
    def test_another_architecture_is_named_as_expected_and_found(
        self, tmp_path: Path, name: str, shape: tuple[int, ...], words: str
    ) -> None:
        path, _ = self._save(tmp_path, **{name: torch.zeros(shape)})
        with pytest.raises(ExplorerError, match=words):
            openai_backbone(path)

    def test_a_checkpoint_without_blocks_is_refused(self, tmp_path: Path) -> None:
        state = _native().model.state_dict()
        bare = {name: value for name, value in state.items() if "resblocks" not in name}
        torch.save(bare, tmp_path / "bare.pt")
        with pytest.raises(ExplorerError, match="0 and 0 blocks"):
            openai_backbone(tmp_path / "bare.pt")

    @torch.no_grad()
    @pytest.mark.parametrize("wrap", ["state_dict", "model", "module."])
    def test_usual_wrappings_and_half_precision_are_unwrapped(
        self, tmp_path: Path, wrap: str
    ) -> None:
        state = {name: value.half() for name, value in _native().model.state_dict().items()}
        state["input_resolution"] = torch.tensor(64)
        wrapped: Any = {wrap: state}
        if wrap == "module.":
            wrapped = {wrap + name: value for name, value in state.items()}
        torch.save(wrapped, tmp_path / "wrapped.pt")
        loaded = openai_backbone(tmp_path / "wrapped.pt")
        assert loaded.image_tokens(_pixels(loaded, 1)).tokens.dtype == torch.float32

    def test_safetensors_are_read_and_a_damaged_one_refused(self, tmp_path: Path) -> None:
        state = {k: v.contiguous() for k, v in _native().model.state_dict().items()}
        save_file(state, tmp_path / "clip.safetensors")
        assert openai_backbone(tmp_path / "clip.safetensors").grid == (4, 4)
        (tmp_path / "bad.safetensors").write_bytes(b"\x00" * 64)
        with pytest.raises(ExplorerError, match=r"bad\.safetensors"):
            openai_backbone(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    "spec", ["open_clip:No-Such", "open_clip:RN50", "nonsense", "open_clip:", "openai:", "x:y"]
)
def test_what_cannot_be_a_backbone_is_refused(spec: str) -> None:
    with pytest.raises(ExplorerError):
        load_backbone(spec)
