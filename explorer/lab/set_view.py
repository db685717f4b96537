"""The lab's patient as a study set: in other anatomies, as twins, as a file that commands open."""

from hashlib import sha256

import streamlit as st

from core.files import write_text_whole
from core.paths import sets_dir
from core.phantom.patient import Patient, anatomies, parse_patient, twins_of
from core.studies.patient_file import patients_text
from explorer import access
from explorer.shared import components, state

_PLAIN, _TWINS = "The patient in other anatomies", "Twins: without and with the chosen finding"


def draw() -> None:
    """Choose what becomes a set; a file for anybody, and opened at once for the owner."""
    here = state.session().lab
    patient = parse_patient(here.patient)
    has_chosen = 0 <= here.chosen < len(patient.findings)
    one, two = components.row(420, 200)
    with one:
        kind = st.selectbox("Set", [_PLAIN, _TWINS] if has_chosen else [_PLAIN], key="lab_set")
    with two:
        n = int(st.number_input("Anatomies", 2, 500, 50, key="lab_set_n"))
    text = patients_text(_patients(patient, here.chosen, kind == _TWINS, n))
    line = st.container(horizontal=True)
    line.download_button(
        "Download the set", text, "patients.txt", "text/plain", icon=":material/download:",
        on_click="ignore", key="lab_set_get", help="Any command and page opens phantom:FILE.txt",
    )  # fmt: skip
    if access.is_owner() and line.button("Open as the study set", icon=":material/folder_open:",
                                         key="lab_set_open"):  # fmt: skip
        state.choose_set(f"phantom:{_kept(text)}")
        st.rerun()


def _patients(patient: Patient, chosen: int, twins: bool, n: int) -> list[Patient]:
    others = anatomies(patient, n, seed=0)
    return [side for one in others for side in twins_of(one, chosen)] if twins else others


def _kept(text: str) -> str:
    """The path of a file with this text, in the folder of the owner's sets."""
    folder = sets_dir() / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{sha256(text.encode()).hexdigest()[:12]}.txt"
    write_text_whole(path, text)
    return str(path)
