"""What a step of the threshold costs on the page Errors: in the browser, and the server.

    OMP_NUM_THREADS=1 python benchmarks/errors_page.py [--rows 20000] [--steps 20]

Synthetic scores and labels of one finding, two films a patient. Prints the CPU seconds that are
spent once (resampling, calibration, the table of all thresholds) and the size of that table; what
the server spends when the threshold is released, CPU and wall milliseconds, median and worst (a
session without a browser); and what a step of a drag on the ROC takes in Chromium, script and
layout. The server has no part in a step: what Python hears during the drag is counted, too.
"""

import argparse
import json
import statistics
import sys
import time
from typing import Any

from machine import machine
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.paths import ROOT

_DRAG = """([steps]) => {
  const chart = document.body.lastElementChild.shadowRoot.querySelector("[data-chart=roc]");
  const place = chart.getBoundingClientRect();
  const fire = (kind, share) => chart.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, isPrimary: true, button: 0, clientX: place.left + share * place.width,
    clientY: place.top + (1 - share) * place.height}));
  chart.setPointerCapture = () => {};  // of a pointer that no hardware moves
  chart.hasPointerCapture = () => true;
  fire("pointerdown", 0.2);
  const took = [];
  for (let step = 0; step < steps; step += 1) {
    const begun = performance.now();
    fire("pointermove", 0.2 + 0.7 * step / steps);
    document.body.offsetHeight;  // lays out
    took.push(performance.now() - begun);
  }
  return [took, window.told.length];
}"""


def script(rows: int) -> None:
    """The page's part that is drawn again; times itself."""
    import time

    import numpy as np
    import streamlit as st

    from core.analysis.scored import ScoredSet, SetIdentity
    from core.analysis.threshold import Rule, fit_thresholds
    from explorer.errors import threshold_view
    from explorer.errors.choice import FindingChoice, KeyedScores
    from explorer.shared import state

    rng = np.random.default_rng(0)
    truth = (rng.random((rows, 1)) < 0.2).astype(float)
    scores = truth + rng.normal(0, 1.2, truth.shape)
    identity = SetIdentity("synthetic", "0" * 16, rows, rows // 2)
    ids = tuple(map(str, range(rows)))
    scored = ScoredSet(identity, ("Edema",), scores, truth, np.arange(rows),
                       np.arange(rows) // 2, ids)  # fmt: skip
    cases = KeyedScores("benchmark", scored)
    limit = fit_thresholds(Rule("youden"), scored)["Edema"]
    choice = FindingChoice(cases, cases, "Edema", limit, limit)
    state.session()
    wall, cpu = time.perf_counter(), time.thread_time()
    threshold_view.draw(choice)
    st.text(f"{time.thread_time() - cpu} {time.perf_counter() - wall}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=20)
    chosen = parser.parse_args()
    print(machine())
    app = AppTest.from_function(script, default_timeout=600, kwargs={"rows": chosen.rows})
    started = time.process_time()
    app.run()
    assert not app.exception, app.exception
    table = json.loads(app.get("bidi_component")[0].proto.json)["table"]
    print(f"{chosen.rows} films: {time.process_time() - started:.1f} CPU s once, "
          f"{len(table) / 1000:.0f} kB sent once")  # fmt: skip
    stops = json.loads(table)["thresholds"]
    released = [_release(app, stops[(number + 1) * len(stops) // (chosen.steps + 2)])
                for number in range(chosen.steps)]  # fmt: skip
    for name, times in zip(("CPU", "wall"), zip(*released, strict=True), strict=True):
        print(f"a release, server: {name} {_said(times)}")
    _browser(json.loads(app.get("bidi_component")[0].proto.json), 200)


def _release(app: AppTest, score: float) -> list[float]:
    """CPU and wall milliseconds of what runs when the threshold is left at a score."""
    proto = app.get("bidi_component")[0].proto
    told = {"serial": json.loads(proto.json)["start"]["serial"], "score": score}
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=proto.id, json_value=json.dumps({"threshold": told})))
    app._run(states)
    assert not app.exception, app.exception
    return [1000 * float(part) for part in app.text[-1].value.split()]


def _browser(data: dict[str, Any], steps: int) -> None:
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from app_server import FLAGS, browser_path
    from charts_alone import mount
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        mount(page, data["table"], data["start"])
        took, heard = page.evaluate(_DRAG, [steps])
        browser.close()
    print(f"a step, browser: {_said(took)}; the server heard of {heard} of {steps}")


def _said(times: "list[float] | tuple[float, ...]") -> str:
    return f"{statistics.median(times):.1f} ms, worst {max(times):.1f} ms"


if __name__ == "__main__":
    main()
