"""How long pages take to answer, beside what the encoding of the set that they rest on took.

    python benchmarks/interaction.py [--model demo-base] [--data phantom:demo] [--repeat 5]

For each page: the first visit, then the median of going back and forth between two studies that
are cached. `of first` is the second over the first, `of 300 ms` the share of the time that an
interaction may take. Timed through Streamlit's AppTest, which runs the whole script of the page but
sends nothing to a browser.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial

from streamlit.testing.v1 import AppTest

from core.inference.predictor import load_predictor
from core.paths import ROOT
from core.studies import open_studies

PAGES = ("home", "zero_shot", "regions", "compare")
BACK_AND_FORTH = ("next", "previous")
LIMIT = 0.3  # seconds


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def encoding(model: str, data: str) -> None:
    """Print the time of encoding a set afresh and of reading it from the cache."""
    predictor, studies = load_predictor(model), open_studies(data)
    predictor.encode_texts(["warm up"])
    predictor.encode_image(studies.image(0))
    afresh = timed(lambda: predictor.encode_set(studies))
    cached = timed(lambda: predictor.encode_set(studies))
    print(f"encoding {data} with {model}: {afresh:.2f} s, {len(studies) / afresh:.0f} images/s")
    print(f"the same from the cache: {cached * 1000:.0f} ms, {cached / afresh:.4f} of it\n")


def visit(app: AppTest, page: str) -> None:
    """Open a page in the running app."""
    if page != "home":
        app.switch_page(f"../pages/{page}.py")
    app.run()


def press(app: AppTest, key: str) -> None:
    """Press a button of the sidebar and wait for the page."""
    app.sidebar.button(key=key).click().run()


def pages(model: str, data: str, repeat: int) -> None:
    """Print first visit and cached interaction of each page."""
    print(f"{'page':12} {'first':>9} {'cached':>9} {'of first':>9} {'of 300 ms':>10}")
    for page in PAGES:
        app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
        app.query_params.update({"model": model, "set": data})
        app.run()
        first = timed(partial(visit, app, page))
        for key in BACK_AND_FORTH:  # both studies are cached from here on
            press(app, key)
        times = [timed(partial(press, app, key)) for _ in range(repeat) for key in BACK_AND_FORTH]
        if app.exception:
            raise SystemExit(f"{page} failed: {app.exception[0].message}")
        cached = statistics.median(times)
        print(f"{page:12} {first * 1000:6.0f} ms {cached * 1000:6.0f} ms {cached / first:9.2f} "
              f"{cached / LIMIT:10.2f}")  # fmt: skip


def main() -> None:
    """Read the options and measure, with a cache of its own."""
    options = argparse.ArgumentParser(description="Times of pages and of encoding.")
    options.add_argument("--model", default="demo")
    options.add_argument("--data", default="phantom:demo")
    options.add_argument("--repeat", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LRCLR_CACHE"] = folder
        encoding(chosen.model, chosen.data)
        pages(chosen.model, chosen.data, chosen.repeat)


if __name__ == "__main__":
    main()
