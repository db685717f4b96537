"""Several sets as one: every row is that of its part, and so are prepared images."""

import numpy as np
import torch

from core.backbones.compact import CompactBackbone, CompactConfig
from core.specs import open_studies
from core.training.inputs import prepared

A, B = "phantom:n=3,seed=1,size=64", "phantom:n=4,seed=2,size=64"


def test_rows_are_those_of_the_parts() -> None:
    joined, first, second = open_studies(f"{A} + {B}"), open_studies(A), open_studies(B)
    assert len(joined) == 7 and joined.ids == first.ids + second.ids
    assert joined.reports == first.reports + second.reports
    assert len(joined.facts()) == 7 and len(set(joined.patients.tolist())) == 7
    for row, part, own in ((0, first, 0), (2, first, 2), (3, second, 0), (6, second, 3)):
        np.testing.assert_array_equal(joined.image(row), part.image(own))
        assert joined.masks(row).keys() == part.masks(own).keys()
        assert joined.boxes(row) == part.boxes(own)
        assert joined.study(row).text == part.study(own).text
    some = joined.subset([1, 2, 5])
    assert some.ids == [first.ids[1], first.ids[2], second.ids[2]]
    assert joined.subset([5, 1]).ids == [second.ids[2], first.ids[1]]
    assert joined.fingerprint != open_studies(f"{B} + {A}").fingerprint


def test_prepared_images_are_kept_by_part(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path))
    backbone = CompactBackbone(CompactConfig(image_size=64, width=32, depth=2, heads=2))
    first, second = (prepared(open_studies(spec), backbone, as_pixels=True) for spec in (A, B))
    files = sorted((tmp_path / "inputs").iterdir())
    joined = prepared(open_studies(f"{A} + {B}"), backbone, as_pixels=True)
    assert sorted((tmp_path / "inputs").iterdir()) == files  # nothing was drawn again
    whole = torch.cat([first[:], second[:]])
    assert len(joined) == 7 and torch.equal(joined[:], whole)
    assert torch.equal(joined[[6, 0, 3]], whole[[6, 0, 3]])
    assert torch.equal(torch.cat(list(joined.split(3))), whole)
