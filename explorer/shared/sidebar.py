"""The sidebar of every page: model, study set, current study."""

import random
from collections.abc import Sequence

import streamlit as st

from core import __version__
from core.errors import ExplorerError
from core.studies import StudySet, UploadedSet
from explorer import access, navigation, policy
from explorer.shared import cache, link, model_choice, state

_PRESETS = ("phantom:demo", "phantom:val", "phantom:test", "phantom:n=200,seed=7")
_OTHER = "another set"
_LISTED = 2000  # studies; a browser does not take a list of a whole archive


def draw() -> None:
    """Draw the pickers; what is wrong is said here and the last good choice stays."""
    with st.sidebar:
        model_choice.draw()
        _upload()
        if state.session().upload is None:
            _study_set()
            _study()
        _reachable()
        st.caption(f":material/warning: LRCLR Explorer {__version__}. Research and teaching only, "
                   "**not for clinical use**.")  # fmt: skip
    link.write()


def _upload() -> None:
    try:
        if not access.may_upload():
            return
    except ExplorerError:  # a film is refused by this very sentence
        pass
    file = st.file_uploader(
        # Any suffix, or none: scanners write DICOM as IM000001. The content decides.
        "Your radiograph", key="upload_widget",
        help="PNG, JPEG or DICOM. It stays on this computer and is not saved; header fields that "
        "name a person are not read. A report of the page Errors opens its view again.",
    )  # fmt: skip
    if file is not None and state.is_page(file.getvalue()):
        state.drop_upload()
        if state.hold_report(file) and state.session().page != "errors":
            navigation.go("errors.py")
        return
    if file is None:
        state.drop_upload()
        return
    if state.session().upload_id != file.file_id:
        try:
            access.check_upload()
            state.take_upload(file.file_id, UploadedSet(file.name, file.getvalue()))
        except ExplorerError as error:
            state.refuse_upload(file.file_id, str(error))
    if state.session().upload_error:
        st.error(state.session().upload_error, icon=":material/error:")
    elif state.session().upload is not None:
        st.caption(":material/check: Your image is the current study; remove it to go back.")


def _study_set() -> None:
    here = state.session().study_set
    options = [*dict.fromkeys([*_PRESETS, *access.offered_sets(), here]), _OTHER]
    chosen = st.selectbox("Study set", options, index=options.index(here))
    typed = chosen == _OTHER
    if typed:
        chosen = st.text_input(
            "Set", placeholder="manifest.csv, a folder, nih:FOLDER, ct:FILE.nii.gz, shards:FOLDER",
            help="Any set of `python -m core evaluate --data`.",
        ).strip()  # fmt: skip
    if chosen and chosen != here:
        try:
            cache.studies(chosen)
        except ExplorerError as error:
            st.error(str(error), icon=":material/error:")
            return
        state.choose_set(chosen)
        if typed:
            st.rerun()  # the list has it now
    _problems(state.session().study_set)


def _problems(spec: str) -> None:
    """Rows that the set had to leave out, as long as it is the set."""
    try:
        problems = cache.studies(spec).problems
    except ExplorerError:  # said where the study is chosen
        return
    if problems:
        rows = "1 row" if len(problems) == 1 else f"{len(problems)} rows"
        st.warning(f"{rows} cannot be used. {problems[0]}")


def _reachable() -> None:
    """To the owner of a server that others can reach: what they may see, whose terms may forbid it.

    Of what their own session looks at, visitors see nothing.
    """
    if st.get_option("server.address") in ("localhost", "127.0.0.1", "::1"):
        return
    if not access.is_owner():
        called = access.role() if policy.class_code() else "visitor"  # where nobody asked who it is
        st.caption(f":material/group: You are a {called} of this server (docs/server.md).")
        return
    try:
        told = policy.policy()
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return
    if told.everyone_is_owner or any(not spec.startswith("phantom:") for spec in told.sets):
        st.warning(
            "Other computers may reach this server, and access.toml shows them sets of files. The "
            "terms of sets such as MIMIC-CXR forbid sharing, and so may your own."
        )


def _study() -> None:
    try:
        studies = cache.studies(state.session().study_set)
    except ExplorerError as error:
        st.error(str(error), icon=":material/error:")
        return
    count, row = len(studies), min(state.session().row, len(studies) - 1)
    rows = _stepped(studies)
    before, after, lot = st.columns(3)
    if before.button(":material/chevron_left:", help="Previous study", shortcut="Left",
                     width="stretch", key="previous"):  # fmt: skip
        row = max((one for one in rows if one < row), default=rows[-1])
    if after.button(":material/chevron_right:", help="Next study", shortcut="Right",
                    width="stretch", key="next"):  # fmt: skip
        row = min((one for one in rows if one > row), default=rows[0])
    if lot.button(":material/shuffle:", help="Any study", width="stretch", key="any"):
        row = random.choice(rows)
    state.choose_row(row)
    # Without a key of its own the widget follows the row; ids are unique within a set.
    if count > _LISTED:
        chosen = int(st.number_input(f"Study, 1 to {count}", 1, count, row + 1)) - 1
        st.caption(studies.study_id(chosen))
    else:
        ids = studies.ids
        chosen = st.selectbox("Study", range(count), index=row, format_func=lambda n: ids[n])
    if chosen != row:
        state.choose_row(chosen)
        st.rerun()


def _stepped(studies: StudySet) -> Sequence[int]:
    """Rows that the buttons step through: all, or those that are selected."""
    selected, here = state.selected_rows(studies), state.session()
    # On Errors films are selected without the sidebar being drawn anew.
    if not selected and here.page != "errors":
        return range(len(studies))
    only = st.toggle(
        "Only selected films", here.stepping_selected,
        help="The buttons below go through the films alone that are selected on Errors.",
    )  # fmt: skip
    state.step_selected(only)
    return selected if only and selected else range(len(studies))
