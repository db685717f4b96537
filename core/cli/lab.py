"""`python -m core lab ...`: one drawn patient, changed one thing at a time, and the answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.common import StderrProgress, check_out, write_json
from core.errors import ExplorerError

if TYPE_CHECKING:
    from core.phantom.patient import Patient

app = typer.Typer(
    help="One drawn patient, changed one thing at a time, and what a model makes of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_FIRST = "seed=7;nodule,x=-6.5,y=10,radius=1.2"
_Patient = Annotated[str, typer.Option(help="The patient as a text: docs/lab.md.")]
_Finding = Annotated[int, typer.Option(min=0, help="Number of the finding, from 0.")]
_Text = Annotated[str, typer.Option(help="By default the finding in plain words.")]
_Model = Annotated[str, typer.Option(help="demo, demo-base, a run, or a backbone.")]
_Seed = Annotated[int, typer.Option(min=0, help="Of the anatomies.")]
_Json = Annotated[Path | None, typer.Option(help="Write the figures here.")]
_N = Annotated[int, typer.Option(min=2, max=1000, help="Random anatomies.")]


@app.command("draw")
def draw_command(
    out: Annotated[Path, typer.Option(help="PNG to write.")],
    patient: _Patient = _FIRST,
    finding: _Finding = 0,
    text: _Text = "",
    model: _Model = "demo",
) -> None:
    """Draw the patient, and print what is true and what the model answers."""
    from PIL import Image

    from core.inference.predictor import load_predictor
    from core.lab.frame import Lab

    check_out(out)
    told = _patient(patient)
    asked = _asked(told, finding, text)
    shown = Lab(load_predictor(model)).frame(told, asked, finding, fine=True)
    Image.fromarray(shown.image).save(out, format="PNG")
    print(f"{out}: {told}")
    if shown.sentence:
        print(f"The report says: {shown.sentence}")
    without = "" if shown.without is None else f"; {shown.without:.2f} without the finding"
    print(f"Score of “{asked}” by {model}: {shown.answer.score:.2f}{without}")
    if shown.target is not None:
        print(f"Weight on the finding: {shown.target:.2f}")
    if shown.answer.best:
        print(f"The model would say: {shown.answer.best}")


@app.command("sweep")
def sweep_command(
    change: Annotated[str, typer.Option(help="What moves: radius, contrast, x, habitus, ...")],
    values: Annotated[str, typer.Option(help="FROM:TO:STEPS, or values parted by commas.")],
    patient: _Patient = _FIRST,
    finding: _Finding = 0,
    text: _Text = "",
    model: _Model = "demo",
    n: _N = 8,
    methods: Annotated[str, typer.Option(help="Maps whose hits are counted; see localize.")] = "",
    seed: _Seed = 0,
    json: _Json = None,
) -> None:
    """Response curves: one value moves over random anatomies."""
    from core.inference.predictor import load_predictor
    from core.lab.curves import sweep

    check_out(json)
    told, moved = _patient(patient), _values(values)
    swept = sweep(
        load_predictor(model), told, finding, change, moved, _asked(told, finding, text), n,
        [name for name in methods.split(",") if name], seed, StderrProgress("Anatomies"),
    )  # fmt: skip
    print(swept.table())
    _write(json, {"model": model, "patient": str(told), "seed": seed, **swept.to_json()})


@app.command("square")
def square_command(
    across: Annotated[str, typer.Option(help="NAME=VALUES, such as x=-11:11:10")] = (
        "contrast=0.2:1:5"
    ),
    down: Annotated[str, typer.Option(help="NAME=VALUES, such as y=6:22:8")] = "radius=0.3:1.5:5",
    patient: _Patient = _FIRST,
    finding: _Finding = 0,
    text: _Text = "",
    model: _Model = "demo",
    n: _N = 6,
    seed: _Seed = 0,
    json: _Json = None,
) -> None:
    """Two values at once: the contrast-detail square, or places over the lungs (x and y)."""
    from core.inference.predictor import load_predictor
    from core.lab.curves import square

    check_out(json)
    told, (one, other) = _patient(patient), (_named(across), _named(down))
    text = text or ("lung nodule" if "x" in (one[0], other[0]) else "")  # its side moves
    found = square(
        load_predictor(model), told, finding, one, other, _asked(told, finding, text), n, seed,
        StderrProgress("Films"),
    )  # fmt: skip
    print(found.table())
    _write(json, {"model": model, "patient": str(told), "seed": seed, **found.to_json()})


@app.command("observer")
def observer_command(
    change: Annotated[str, typer.Option(help="What moves; by default nothing.")] = "",
    values: Annotated[str, typer.Option(help="FROM:TO:STEPS, or values by commas.")] = "",
    patient: _Patient = _FIRST,
    finding: _Finding = 0,
    text: _Text = "",
    model: _Model = "demo",
    random_weights: Annotated[bool, typer.Option(help="Control: the model forgot all.")] = False,
    n: _N = 8,
    repeats: Annotated[int, typer.Option(min=2, max=100, help="Exposures of each.")] = 6,
    seed: _Seed = 0,
    json: _Json = None,
) -> None:
    """The model beside the ideal observer: d' of both, and the model's efficiency."""
    from core.inference.predictor import load_predictor
    from core.lab.curves import changed
    from core.lab.observer import forgetful, observe, observer_table

    check_out(json)
    told = _patient(patient)
    asked = _asked(told, finding, text)
    moved = [changed(told, finding, change, v) for v in _values(values)] if change else [told]
    predictor = load_predictor(model)
    if random_weights:
        predictor = forgetful(predictor, asked, seed)
    observed = [
        observe(predictor, one, finding, asked, n, repeats, seed, StderrProgress("Anatomies"))
        for one in moved
    ]
    print(observer_table(observed, change, finding))
    _write(json, {"model": model, "random_weights": random_weights, "text": asked, "seed": seed,
                  "observed": [one.to_json() for one in observed]})  # fmt: skip


@app.command("subtlety")
def subtlety_command(
    ct: Annotated[str, typer.Option(help="demo, a .nii.gz file, or a DICOM series' folder.")] = (
        "demo"
    ),
    text: Annotated[str, typer.Option(help="What is asked.")] = "lung nodule",
    model: _Model = "demo",
    random_weights: Annotated[bool, typer.Option(help="Control: the model forgot all.")] = False,
    n: Annotated[int, typer.Option(min=4, max=80, help="Nodules of each band.")] = 12,
    seed: _Seed = 0,
    json: _Json = None,
) -> None:
    """Radiologists' nodules placed in a CT: the model's detection against their subtlety."""
    from core.inference.predictor import load_predictor
    from core.lab.observer import forgetful
    from core.lab.subtlety import measure_subtlety
    from core.studies.ct_set import outlines_file, parse_ct, scan_of

    check_out(json)
    scan = scan_of(parse_ct(f"ct:{ct}")[0])
    predictor = load_predictor(model)
    if random_weights:
        predictor = forgetful(predictor, text, seed)
    curve = measure_subtlety(predictor, scan, outlines_file(), text, n, seed,
                             StderrProgress("Poses"))  # fmt: skip
    print(curve.table())
    _write(json, {"model": model, "random_weights": random_weights, "text": text, "ct": ct,
                  "seed": seed, **curve.to_json()})  # fmt: skip


@app.command("set")
def set_command(
    out: Annotated[Path, typer.Option(help="Text file to write; phantom:FILE opens it.")],
    patient: _Patient = _FIRST,
    n: _N = 50,
    twins: Annotated[
        int | None, typer.Option(min=0, help="Each with and without the finding of this number.")
    ] = None,
    change: Annotated[str, typer.Option(help="Each with these values of this name.")] = "",
    values: Annotated[str, typer.Option(help="FROM:TO:STEPS, or values by commas.")] = "",
    finding: _Finding = 0,
    seed: _Seed = 0,
) -> None:
    """The patient in random anatomies as a study set, as twins, or at several values."""
    from core.files import write_text_whole
    from core.lab.curves import changed
    from core.phantom.patient import anatomies, twins_of
    from core.studies.patient_file import patients_text

    check_out(out)
    told = _patient(patient)
    patients = anatomies(told, n, seed)
    if twins is not None:
        patients = [side for one in patients for side in twins_of(one, twins)]
    elif change:
        moved = _values(values)
        patients = [changed(one, finding, change, v) for one in patients for v in moved]
    write_text_whole(out, patients_text(patients))
    print(f"{out}: {len(patients)} patients; open them as phantom:{out}")


def _patient(text: str) -> "Patient":
    from core.phantom.patient import parse_patient

    return parse_patient(text)


def _asked(patient: "Patient", finding: int, text: str) -> str:
    from core.lab.told import plain_text

    if text:
        return text
    if finding >= len(patient.findings):
        raise ExplorerError(
            f"The patient has no finding number {finding}; give --text or another --finding."
        )
    return plain_text(patient.findings[finding])


def _named(told: str) -> tuple[str, list[float]]:
    name, sign, values = told.partition("=")
    if not sign:
        raise ExplorerError(f"'{told[:40]}' is not NAME=VALUES, such as radius=0.3:1.5:5.")
    return name.strip(), _values(values)


def _values(told: str) -> list[float]:
    import numpy as np

    try:
        if ":" in told:
            low, high, steps = told.split(":")
            values = [round(float(v), 4) for v in np.linspace(float(low), float(high), int(steps))]
        else:
            values = [float(part) for part in told.split(",")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 50:
        raise ExplorerError(
            f"'{told[:40]}' is no list of 1 to 50 values; write FROM:TO:STEPS or 0.3,0.6,0.9."
        )
    return values


def _write(path: Path | None, values: dict[str, Any]) -> None:
    if path:
        write_json(path, values)
