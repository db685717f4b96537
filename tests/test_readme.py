"""What README.md shows to be typed does what it says."""

import re
import subprocess
import sys

from core.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_lines_of_python_print_boxes_on_a_film(capsys):
    (lines,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(lines, "README.md", "exec"), {})
    boxes = re.findall(r"\(([^()]+)\)", capsys.readouterr().out.replace("np.float64", ""))
    assert len(boxes) >= 5


def test_opening_from_the_room_of_studies_costs_nothing_until_somebody_asks():
    code = (
        "import sys, core.studies\n"
        "assert 'core.specs' not in sys.modules and 'torch' not in sys.modules\n"
        "from core.studies import open_studies\n"
        "import core.specs\n"
        "assert open_studies is core.specs.open_studies\n"
        "assert not hasattr(core.studies, 'open_study')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
