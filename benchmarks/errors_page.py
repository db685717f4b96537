"""What a step of the threshold costs the server on the page Errors.

    OMP_NUM_THREADS=1 python benchmarks/errors_page.py [--rows 20000] [--steps 20]

Synthetic scores and labels of one finding, two films a patient. The slider and all that follows it
(counts, rates, four charts) run as the app runs them, in a session without a browser. Prints CPU
and wall milliseconds of each step after the first, median and worst, and the CPU seconds that are
spent once: resampling and calibration.
"""

import argparse
import statistics
import time

from machine import machine
from streamlit.testing.v1 import AppTest


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
    print(f"{chosen.rows} films: {time.process_time() - started:.1f} CPU s once")
    steps = []
    slider = app.slider[0]
    for number in range(chosen.steps):
        share = (number + 0.5) / chosen.steps
        app.slider[0].set_value(slider.min + share * (slider.max - slider.min)).run()
        steps.append([1000 * float(part) for part in app.text[-1].value.split()])
    for name, times in zip(("CPU", "wall"), zip(*steps, strict=True), strict=True):
        print(f"a step: {name} {statistics.median(times):.0f} ms, worst {max(times):.0f} ms")


if __name__ == "__main__":
    main()
