"""Fixtures of general use."""

import os
from pathlib import Path

import pytest

from core.paths import cxr_data

if "PYTEST_XDIST_WORKER" in os.environ:  # the processes of the tests fill the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share a cache of their own and leave the user's alone."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("LRCLR_CACHE", str(folder))


@pytest.fixture
def cxr() -> Path:
    """The folder of real radiographs."""
    folder = cxr_data()
    if folder is None:
        pytest.skip("no real radiographs: set CXR_DATA to the folder that holds manifest.csv")
    return folder
