"""The app as a button of JupyterLab and JupyterHub, by jupyter-server-proxy; docs/install.md."""

import os
from pathlib import Path
from typing import Any

OWNER = Path(__file__).with_name("jupyter.toml")


def server() -> dict[str, Any]:
    """How jupyter-server-proxy starts the app, and below which path it answers.

    Whoever comes that way has logged in to Jupyter and may run anything there, so the app is
    theirs, unless they have an access.toml of their own.
    """
    from core.paths import access_file

    stated = bool(os.environ.get("LRCLR_ACCESS")) or access_file().is_file()
    return {
        "command": [
            "lrclr-explorer", "--server.port", "{port}", "--server.headless", "true",
            "--server.baseUrlPath", "{base_url}lrclr-explorer",
        ],
        "environment": {} if stated else {"LRCLR_ACCESS": str(OWNER)},
        "absolute_url": True,  # the app knows the path that it is served below
        "timeout": 120,
        "launcher_entry": {"title": "LRCLR Explorer"},
    }  # fmt: skip
