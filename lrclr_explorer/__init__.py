"""LRCLR Explorer as one name: installed, `core`, `explorer`, `pages` and `assets` lie here.

`lrclr-explorer` starts the app, `lrclr-explorer COMMAND ...` is `python -m core COMMAND ...`.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE if (_HERE / "core").is_dir() else _HERE.parent  # else a checkout
if str(_ROOT) in sys.path:
    sys.path.remove(str(_ROOT))
# Before a `core` of somebody else, which comes first by the .pth alone.
sys.path.insert(0, str(_ROOT))

HOME = _ROOT / "explorer" / "Home.py"


def main() -> None:
    """Start the app, or run the command that is named.

    What begins with dashes and has a dot is a setting of Streamlit (`--server.port 8600`) and
    starts the app, too.
    """
    settings = sys.argv[1:]
    if settings and not (settings[0].startswith("--") and "." in settings[0]):
        from core.cli import main as run_command

        run_command()
        return
    from streamlit.web.cli import main as streamlit

    # The same door as in a checkout, so that settings, environment and config.toml count alike.
    streamlit(["run", str(HOME), *settings], prog_name="streamlit")
