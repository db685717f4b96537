"""What is cached of an upload ends with its session; of a set it is shared."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.runtime.caching import clear_session_data_cache, clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from core.recent import Recent
from core.specs import open_studies
from core.studies.phantom_set import PhantomSet
from core.studies.upload import UploadedSet
from explorer.shared import cache
from explorer.shared.kept import in_bytes

_SCRIPT = """
import io
import numpy as np
import streamlit as st
from PIL import Image
from core.specs import open_studies
from core.studies import UploadedSet
from explorer.shared import cache
buffer = io.BytesIO()
Image.fromarray(np.arange(6400, dtype=np.uint8).reshape(80, 80)).save(buffer, "PNG")
for studies in (UploadedSet("x.png", buffer.getvalue()), open_studies("phantom:n=2,seed=77")):
    cache.film(studies, 0), cache.notes(studies, 0), cache.display(studies, 0)
    st.text(str(cache.image_encoding("demo", studies, 0).image_features.shape))
"""


def test_an_uploads_encodings_end_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, int] = {}

    def count(kind: type, method: str) -> None:
        plain = getattr(kind, method)

        def counted(self: Any, row: int) -> Any:
            counts[f"{kind.__name__}.{method}"] = counts.get(f"{kind.__name__}.{method}", 0) + 1
            return plain(self, row)

        monkeypatch.setattr(kind, method, counted)

    for kind in (UploadedSet, PhantomSet):
        for method in ("image", "notes"):  # a film is looked up among those read lately
            count(kind, method)
    app = AppTest.from_string(_SCRIPT, default_timeout=600)
    app.run()
    assert not app.exception
    first = dict(counts)
    app.run()
    assert counts == first  # kept for the session
    for clear in (clear_session_data_cache, clear_session_resource_cache):
        clear("test session id")  # what Streamlit does when a session disconnects
    app.run()
    again = {name: counts[name] - first[name] for name in first if counts[name] > first[name]}
    assert again.keys() == {name for name in first if name.startswith("UploadedSet")}
    assert first["UploadedSet.image"] and first["PhantomSet.image"]


def test_results_are_kept_by_model_and_arguments_within_bytes() -> None:
    made: list[tuple[str, int, int]] = []

    @in_bytes(1000)
    def mean(model: Any, row: int, _studies: object, side: int = 10) -> NDArray[np.uint8]:
        made.append((model.model_hash, row, side))
        return np.full((side, side), row, np.uint8)

    one, same, other = (SimpleNamespace(model_hash=name) for name in ("a", "a", "b"))
    first = mean(one, 1, None)
    assert mean(same, 1, object()) is first and mean(one, 1, None, side=10) is first
    mean(other, 1, None)
    assert made == [("a", 1, 10), ("b", 1, 10)]
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1  # it is everybody's
    for row in range(2, 30):
        mean(one, row, None)
    kept: Recent[Any] = mean.kept  # type: ignore[attr-defined]
    assert kept.nbytes == 1000 and len(kept) == 10
    mean(one, 1, None)
    assert made[-1] == ("a", 1, 10)  # forgotten, and made again
    mean(one, 50, None, side=100)
    assert len(kept) == 1 and kept.nbytes == 10_000  # what is too large for all is alone


def test_films_of_a_set_are_bounded_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a scanner's films are fifty times as large as a phantom."""
    studies = open_studies("phantom:n=12,seed=3,size=64")
    drawn: list[int] = []
    plain = PhantomSet.display_image
    monkeypatch.setattr(
        PhantomSet, "display_image", lambda self, row: (drawn.append(row), plain(self, row))[1]
    )
    for_all = cast(Any, cache._display).for_all
    monkeypatch.setattr(for_all.kept, "_limit", 3 * 512 * 512)  # drawn fine
    for row in (0, 1, 2, 0, 3, 0, 1):
        assert cache.display(studies, row).shape == (512, 512)
    assert drawn == [0, 1, 2, 3, 1]
