"""A component in a page of its own: its files, without a server."""

from typing import Any

_THEME = """:root {--st-text-color: #16191d; --st-background-color: #fff; --st-font: sans-serif;
--st-primary-color: #b35c00; --st-secondary-background-color: #eef0f3; --st-border-color: #889}
body {margin: 0; background: #fff}"""
_MOUNT = """async ([js, css, html]) => {
  const root = document.body.appendChild(document.createElement("main"))
    .attachShadow({mode: "open"});
  root.innerHTML = '<style>' + css + '</style>' + html;
  const module = await import(URL.createObjectURL(new Blob([js], {type: "text/javascript"})));
  window.told = [];
  const tell = (name, value) => window.told.push([name, value]);
  window.give = (data) => module.default({data, parentElement: root, setStateValue: tell});
}"""


def mount(page: Any, files: tuple[str, str], html: str) -> None:
    """Open the component; `window.give(data)` draws it, `window.told` is what Python would hear.

    Args:
        files: its script and its style.
        html: of the component.
    """
    page.set_content(f"<!doctype html><html lang=en><title>Alone</title><style>{_THEME}</style>")
    page.evaluate(_MOUNT, [*files, html])
