"""Does the score hang on a device, the border or one half? Parts masked, beside masks elsewhere."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.analysis.shortcut_masks import REGIONS
from core.analysis.shortcuts import Shortcut, ShortcutReport
from core.studies import StudySet
from explorer.errors import terminal_line
from explorer.errors.choice import FindingChoice
from explorer.probes import cache as probes_cache
from explorer.shared import components, guard, state

FILMS = 100  # at most, unless more are asked for: of phantoms 20 and more have a device
DRAWS = 4
_PASS = 0.1  # CPU seconds of a film through the model


@dataclass(frozen=True)
class Masks:
    """What is masked, and on which films."""

    parts: tuple[str, ...]
    films: int  # spread evenly over the set


def draw(choice: FindingChoice, studies: StudySet) -> None:
    """On demand: how far the finding's score moves when a part is masked."""
    st.markdown(
        f"Hide a part of the films from the model. If the score of **{choice.finding}** moves "
        "further than when as much is hidden elsewhere, it hangs on that part."
    )
    one, two, three = components.row(420, 150, 150, align="bottom")
    with one:
        parts = st.pills(
            "Parts to mask", list(REGIONS), selection_mode="multi",
            key=state.lasting("errors_masked", ["device"]),
            help="; ".join(f"{name}: {said}" for name, (said, _) in REGIONS.items()),
        )  # fmt: skip
    with two:
        most = len(studies)
        count = st.number_input(
            "Films", 1, most, step=10, help="Spread evenly over the set.",
            key=state.lasting(f"errors_masked_films_{most}", min(FILMS, most)),
        )  # fmt: skip
    masks = Masks(tuple(parts), int(count))
    asked = f"{choice.cases.key} {masks}"  # whatever the finding: films are masked once for all
    with three:
        st.space("small")
        seconds = masks.films * (1 + len(parts) * (1 + DRAWS)) * _PASS
        if st.button("Mask them", key="errors_mask", disabled=not parts, width="stretch",
                     help=f"Takes {seconds:.0f} s at most."):  # fmt: skip
            state.ask_masks(asked)
    if state.session().masks_asked == asked:
        with guard.sentences():
            _told(choice, studies, masks)


def _told(choice: FindingChoice, studies: StudySet, masks: Masks) -> None:
    report, looks = probes_cache.masked(choice, studies, masks.parts, masks.films, DRAWS)
    st.markdown("  \n".join(map(sentence, report.shortcuts)))
    st.dataframe(
        frame(report), hide_index=True, column_config={
            name: st.column_config.NumberColumn(format="%+.3f")
            for name in ("Masked", "Elsewhere", "Further than elsewhere")
        },
    )  # fmt: skip
    missing = [name for name in masks.parts if name not in {s.part for s in report.shortcuts}]
    if missing:
        st.info(f"None of these films has a known place of: {', '.join(missing)}.")
    few = [one for one in report.shortcuts if one.n < report.min_cases]
    if few and masks.films < len(studies):
        said = ", ".join(f"{one.part} on {one.n} of {masks.films} films" for one in few)
        st.info(f"{said}: a verdict needs {report.min_cases}. Mask more films.")
    if looks:
        _, pictures = looks
        _example(report.shortcuts[0].part, pictures)
    st.caption(
        f"Change of the score, 95 % intervals over patients; {DRAWS} masks of the same size and "
        f"shape elsewhere on each film. A verdict needs {report.min_cases} films with the part. "
        "Masks are filled with the film's local mean."
    )
    terminal_line.show("shortcuts", "--finding", choice.finding, "--parts", ",".join(masks.parts),
                       "--films", str(masks.films), "--draws", str(DRAWS))  # fmt: skip


def sentence(one: Shortcut) -> str:
    """What masking a part says of what the model reads, in words."""
    if one.clear:
        return (
            f"**Without the {one.part} the score of {one.finding} {one.verdict.split()[0]} more "
            "than without as much elsewhere**: the model reads what is hidden there."
        )
    if one.verdict == "too few films":
        return f"**{one.n} films with a known {one.part} are too few** to say anything."
    return (
        f"**Without the {one.part} the score of {one.finding} moves no further than without as "
        "much elsewhere**: nothing says that the model reads it."
    )


def frame(report: ShortcutReport) -> pd.DataFrame:
    """A line for each part."""
    return pd.DataFrame([_line(one) for one in report.shortcuts])


def _line(one: Shortcut) -> dict[str, object]:
    return {
        "Part": one.part, "Films with it": one.n, "Masked": one.change.value,
        "95 %": f"{one.change.low:+.2f} to {one.change.high:+.2f}",
        "Elsewhere": one.control.value, "Further than elsewhere": one.size.value,
        "The score": one.verdict,
    }  # fmt: skip


def _example(part: str, pictures: list[NDArray[np.float32]]) -> None:
    """The first film that has the part: whole, masked and masked elsewhere, as it was scored."""
    said = ("as it is", f"{part} masked", "masked elsewhere")
    for where, name, pixels in zip(components.row(200, 200, 200), said, pictures, strict=True):
        with where:
            shown = np.clip(pixels, 0, 255).astype(np.uint8)
            components.picture(shown, f"A radiograph of the set, {name}.", name)
