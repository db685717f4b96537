"""What a page asks for a hundred times: looked up once while it is drawn, and anew by the next."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer import access, moment, policy
from explorer.access import Connection


def _page() -> None:
    import streamlit as st

    from explorer import access, policy

    for _ in range(50):
        access.is_owner(), access.may_enter()
    st.text(str(policy.policy().uploads))


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every look at access.toml."""
    there = Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})  # whom the file is asked for
    monkeypatch.setattr(access, "connection", lambda: there)
    path = tmp_path / "access.toml"
    path.write_text("uploads = false\n")
    monkeypatch.setenv("LRCLR_ACCESS", str(path))
    monkeypatch.setattr(moment, "_AGE", 600.0)
    seen: list[Path] = []
    read = policy._read
    monkeypatch.setattr(policy, "_read", lambda path: (seen.append(path), read(path))[1])
    return seen


def test_a_run_of_a_page_looks_once_and_the_next_one_anew(looks: list[Path]) -> None:
    app: Any = AppTest.from_function(_page, default_timeout=600).run()
    assert not app.exception and app.text[0].value == "False" and len(looks) == 1
    looks[0].write_text("uploads = true\nruns = false\n")
    app.run()
    assert app.text[0].value == "True" and len(looks) == 2


def test_what_no_page_asks_for_is_looked_up_each_time(looks: list[Path]) -> None:
    assert not policy.policy().uploads
    policy.policy()
    assert len(looks) == 2
