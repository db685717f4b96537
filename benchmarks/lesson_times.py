"""How long a student waits: every step of every lesson, drawn for the first time and again.

    python benchmarks/lesson_times.py [LESSON ...]

The app runs in this process, without a browser, as its tests do; the model and the films of the
lessons are encoded before the clock starts, as they are for all but the first student of a class.
"""

import argparse
import statistics
import time

from streamlit.testing.v1 import AppTest

from core.lessons.library import lessons
from core.paths import ROOT
from explorer import access


def main() -> None:
    """Print seconds by lesson and step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lesson", nargs="*", help="Names; by default all.")
    wanted = parser.parse_args().lesson
    access.connection = lambda: access.Connection(None, {"Host": "localhost:8501"})
    print(f"{'lesson':20}{'step':>5}{'first (s)':>11}{'again (s)':>11}")
    first, again = [], []
    for lesson in lessons():
        if wanted and lesson.name not in wanted:
            continue
        app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=900).run()
        app.switch_page("../pages/lessons.py").run()
        app.button(key=f"lesson_open_{lesson.name}").click().run()
        for step in range(len(lesson.steps)):
            began = time.perf_counter()
            if step:
                app.button(key="lesson_next").click().run()
            else:
                app.run()
            middle = time.perf_counter()
            app.run()
            ended = time.perf_counter()
            assert not app.exception and not app.error, (lesson.name, step, app.error)
            first.append(middle - began)
            again.append(ended - middle)
            print(f"{lesson.name:20}{step + 1:5}{first[-1]:11.2f}{again[-1]:11.2f}", flush=True)
    for name, values in (("first", first), ("again", again)):
        print(f"{name}: median {statistics.median(values):.2f} s, most {max(values):.2f} s")


if __name__ == "__main__":
    main()
