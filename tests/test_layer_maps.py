"""Blocks and heads: by hand on a tower of three blocks, and the last is what the model reads."""

import numpy as np
import pytest
import torch
from tiny_model import TinySet, tiny_model
from torch.nn import functional as F

from core.errors import ExplorerError
from core.inference.layer_maps import layer_maps
from core.inference.predictor import Predictor


def test_each_block_is_read_by_the_towers_own_projection() -> None:
    predictor, image = Predictor(tiny_model(), "tiny"), TinySet(2).image(1)
    maps = layer_maps(predictor, image, "left effusion")
    backbone = predictor.model.backbone
    assert maps.words == ("left", "effusion")
    assert maps.cosine.shape == (3, 3, 4, 4) and maps.attention.shape == (2, 2, 4, 4)
    with torch.no_grad():
        pixels = backbone.preprocess(image)[None]
        tokens = torch.cat([backbone.cls_token, backbone.patches(pixels).flatten(2).mT], dim=1)
        texts = predictor.encode_texts(["left effusion"])
        for layer in range(3):
            patches = F.normalize(backbone.project(tokens)[0, 1:], dim=-1)
            expected = (patches @ texts.words[0, 1]).view(4, 4)
            np.testing.assert_allclose(maps.cosine[layer, 2], expected, atol=1e-5)
            whole = (patches @ texts.text_features[0]).view(4, 4)
            np.testing.assert_allclose(maps.cosine[layer, 0], whole, atol=1e-5)
            if layer < 2:
                tokens, attention = backbone.blocks[layer].attend(tokens)
                np.testing.assert_allclose(
                    maps.attention[layer], attention[0, :, 0, 1:].view(2, 4, 4), atol=1e-5
                )
    assert not np.allclose(maps.cosine[0], maps.cosine[2])


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(ExplorerError):
        layer_maps(Predictor(tiny_model(), "tiny"), TinySet(2).image(1), "  ")
