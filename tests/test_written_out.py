"""Networks that are written out here equal the libraries' own, which take longer to import."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import timm
import torch
from transformers import AutoModel, AutoTokenizer

from core.backbones.lite_stem import LiteStem
from core.backbones.minilm import CONTEXT, PACKAGE, FrozenMiniLM, load_minilm

TEXTS = [
    "Left pleural effusion.", "no", "", "Élévation of the diaphragm; 3.5-cm mass (RUL)",
    "pneumothorax " * 90, "𐎀𐎁 心臓 [MASK] x",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Path:
    spec = find_spec(PACKAGE)
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


def test_word_features_are_those_of_transformers(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=CONTEXT, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    ours = FrozenMiniLM(folder).encode(TEXTS)
    for row, text in enumerate(TEXTS):
        length = max(int(batch["attention_mask"][row].sum()) - 2, 1)
        pieces = tokenizer.convert_ids_to_tokens(batch["input_ids"][row, 1 : length + 1])
        assert [piece for piece in ours.pieces[row] if piece] == pieces, text
        expected = states[row, 1 : length + 1].half().float()  # as features are kept
        torch.testing.assert_close(ours.features[row, :length], expected, atol=2e-3, rtol=1e-3)


def test_the_packaged_encoder_takes_no_gradient() -> None:
    assert not any(weight.requires_grad for weight in load_minilm().model.parameters())


@pytest.mark.parametrize("size", [224, 97])
def test_the_stem_is_that_of_timm(size: int) -> None:
    stem = LiteStem()
    stem.load_imagenet()
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    missing = theirs.load_state_dict(stem.state_dict(), strict=False)
    assert not missing.unexpected_keys
    assert all(key.startswith(("blocks.5", "blocks.6", "conv_head", "bn2", "classifier"))
               for key in missing.missing_keys)  # fmt: skip
    colour = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = stem.blocks(stem.bn1(stem.conv_stem(colour)))
        expected = theirs.blocks[:5](theirs.bn1(theirs.conv_stem(colour)))
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
