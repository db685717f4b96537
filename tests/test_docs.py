"""The pages of docs/ and what lies beside them: external links, and what each thing costs."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.paths import ROOT

PAGES = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("assets/**/*.md")]
    if "_pages" not in path.parts and "_build" not in path.parts
)  # fmt: skip
_URL = re.compile(r"https?://[^\s<>\"'`|)\]]+")
_HERE = ("localhost", "127.0.0.1")


def _links(text: str) -> list[str]:
    """Addresses in a page; marks of a sentence after them are not theirs."""
    return [url.rstrip(".,;:") for url in _URL.findall(text)]


def _wrong(url: str) -> str | None:
    """What is wrong with an address, as far as it shows without a network."""
    parts = urlsplit(url)
    if parts.hostname in _HERE:
        return None
    if parts.scheme != "https":
        return "is not https"
    if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or ""):
        return "has no host"
    if parts.username or parts.password or parts.port:
        return "names a user or a port"
    return "has an empty step" if "//" in parts.path else None


def test_external_links_are_well_formed() -> None:
    found = {url: page.name for page in PAGES for url in _links(page.read_text(encoding="utf-8"))}
    assert len(found) > 15
    assert not {url: (_wrong(url), page) for url, page in found.items() if _wrong(url)}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("see http://arxiv.org/abs/1", "is not https"), ("https://arxiv/abs", "has no host"),
     ("<https://a.org//x>", "has an empty step"), ("(https://me@a.org/x).", "names a user or a"),
     ("at https://a.org/x, or", None), ("http://localhost:8501.", None)],
)  # fmt: skip
def test_a_malformed_link_would_be_seen(text: str, wrong: str | None) -> None:
    (url,) = _links(text)
    assert (_wrong(url) or "").startswith(wrong or "") and bool(_wrong(url)) == bool(wrong)


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    missing = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                missing.append(f"{page.name}: {target}")
    assert not missing


WITHOUT_COST = ("api", "cost", "index", "method", "structure")
"""Pages on which nothing is run: an index, equations, names."""


RUN = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in WITHOUT_COST]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_a_page_says_what_it_costs_and_which_command_printed_that(page: Path) -> None:
    said = [part for part in page.read_text(encoding="utf-8").split("\n\n")
            if part.startswith("**What it costs.**")]  # fmt: skip
    assert len(said) == 1, "one paragraph a page"
    assert re.search(r"\d", said[0]) and re.search(r"\b(s|ms|minutes?|hours?|seconds?)\b", said[0])
    assert re.search(r"`(python|lrclr-explorer|make|uvx|\.ci)[^`]*`", said[0])
    for script in re.findall(r"benchmarks/\w+\.py", said[0]):
        assert (ROOT / script).is_file()
