"""The site: `make docs` writes docs/_build/html. Warnings are errors: dead links, orphan pages."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core import __version__  # noqa: E402

project = "LRCLR Explorer"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "tables/[!i]*.md"]
html_theme = "furo"
html_title = f"LRCLR Explorer {__version__}"
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
# Of `make links`: addresses of the reader's own computer, and of the example school.
linkcheck_ignore = [r"http://localhost[:/]", r"https://(films|login)\.school\.org/"]
linkcheck_anchors = False  # pages that build themselves by script have none
linkcheck_timeout = 20

OUTSIDE = {
    "README.md": "readme", "CONTRIBUTING.md": "contributing", "CHANGELOG.md": "changelog",
    "assets/demo/README.md": "demo-card",
}  # fmt: skip
"""Pages that stand where visitors of the repository look for them, by their name on the site."""
_LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)]*)?\)")


def _address(target: str, page: Path) -> str | None:
    """Of a link on a page of the repository, as the page of the site in docs/_pages has it."""
    if re.match(r"[a-z]+:", target):
        return target
    path = (page.parent / target).resolve().relative_to(ROOT)
    if str(path) in OUTSIDE:
        return f"{OUTSIDE[str(path)]}.md"
    inside = path.is_relative_to("docs") and (ROOT / path).exists()
    return f"../{path.relative_to('docs')}" if inside else None


def _bring_in(name: str, page: str, to: Path) -> None:
    source = ROOT / name
    text = source.read_text(encoding="utf-8")
    if text.startswith("---\n"):  # a hub's front matter
        text = text.split("\n---\n", 1)[1].lstrip()

    def moved(link: re.Match[str]) -> str:
        address = _address(link[2], source)
        if address is None:
            raise ValueError(f"{name} links to {link[2]}, which is no page of the site")
        return f"{link[1]}{address}{link[3] or ''})"

    (to / f"{page}.md").write_text(_LINK.sub(moved, text), encoding="utf-8")


def _commands(to: Path) -> None:
    """Every command with its options, from the command line itself."""
    import typer.cli
    from typer.main import get_command

    from core.cli import app as commands

    command = get_command(commands)
    lines = typer.cli.get_docs_for_click(
        obj=command, ctx=typer.Context(command, info_name="python -m core"),
        name="python -m core", title="Command line",
    )  # fmt: skip
    for name, one in command.commands.items():  # which the list cuts at 45 letters
        told = (one.help or "").split("\n\n")[0].replace("\n", " ")
        cut = rf"(?m)^\* `{name}`: .*\.\.\.$"
        lines = re.sub(cut, lambda _, name=name, told=told: f"* `{name}`: {told}", lines)
    (to / "commands.md").write_text(lines, encoding="utf-8")


def _write_pages(_app: object) -> None:
    to = ROOT / "docs" / "_pages"
    to.mkdir(exist_ok=True)
    for name, page in OUTSIDE.items():
        _bring_in(name, page, to)
    _commands(to)


def _link_outside(_app: object, page: str, source: list[str]) -> None:
    """Links of a page in docs to what is brought in."""
    if page.startswith("_pages/"):
        return
    up = "../" * page.count("/")
    for name, site in OUTSIDE.items():
        source[0] = source[0].replace(f"]({up}../{name}", f"]({up}_pages/{site}.md")


def setup(app) -> None:  # type: ignore[no-untyped-def]
    """Called by Sphinx."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _link_outside)
