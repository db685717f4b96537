"""What is cached of an upload ends with its session; of a set it is shared."""

from typing import Any

import pytest
from streamlit.runtime.caching import clear_session_data_cache, clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from core.studies.phantom_set import PhantomSet
from core.studies.upload import UploadedSet

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
