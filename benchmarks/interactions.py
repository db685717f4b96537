"""How long the server takes for an interaction on a cached study, page by page.

    python benchmarks/interactions.py [--repeats 10]

Each page is run once cold; then the prompt is changed to and fro between two that are known, and a
study step is taken to and fro. Printed: medians and spread, and their ratio to the cold run.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import streamlit
import torch
from streamlit.testing.v1 import AppTest

from core.paths import ROOT

PAGES = ("home", "zero_shot", "regions", "compare", "finetune")
PROMPTS = ("left pleural effusion", "right pneumothorax")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, "
          f"streamlit {streamlit.__version__}, {torch.get_num_threads()} threads")  # fmt: skip
    print(f"{'page':12} {'cold ms':>9}  interaction ms: median (least to most), ratio to cold")
    for page in PAGES:
        app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
        app.run()
        cold = _timed(lambda app=app, page=page: _visit(app, page))
        for name, change in (("prompt", _prompt), ("study", _study)):
            if name == "prompt" and page == "finetune":
                continue
            for number in range(4):  # both states are cached before anything is timed
                change(app, number)
            times = [
                _timed(lambda app=app, n=n, change=change: change(app, n)) for n in range(repeats)
            ]
            middle = statistics.median(times)
            print(f"{page:12} {cold:9.0f}  {name:7} {middle:6.0f} "
                  f"({min(times):.0f} to {max(times):.0f}), {middle / cold:.2f}")  # fmt: skip


def _visit(app: AppTest, page: str) -> None:
    if page == "home":
        app.run()
    else:
        app.switch_page(f"../pages/{page}.py").run()
    assert not app.exception, app.exception


def _prompt(app: AppTest, number: int) -> None:
    box = next(box for box in app.text_input if "report say" in box.label or
               box.label in ("Prompt", "Any sentence"))  # fmt: skip
    box.set_value(PROMPTS[number % 2]).run()


def _study(app: AppTest, number: int) -> None:
    app.sidebar.button(key="next" if number % 2 else "previous").click().run()


def _timed(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
