"""What stands before the pages on a server for a class: the question for its code, or a login."""

import streamlit as st
from streamlit.errors import StreamlitAuthError

from core.errors import ExplorerError
from explorer import access
from explorer.shared import guard


def passed() -> bool:
    """Whether this session may see the pages; asks for what is missing where it may not."""
    in_link = st.query_params.get(access.CODE_IN_LINK, "")
    if access.may_enter():
        return True
    wrong = ""
    try:
        if in_link and access.give_code(in_link):
            return True
    except ExplorerError as error:
        wrong = str(error)
    st.title("LRCLR Explorer")
    if wrong:
        st.error(wrong, icon=":material/error:")
    elif in_link:
        st.warning("The class code in this address is not right, or no longer.",
                   icon=":material/link_off:")  # fmt: skip
    _ask()
    return False


def _ask() -> None:
    with st.form("entrance", border=False, width=420):
        st.markdown("This is a class on image-text models for chest X-rays. Its code stands on the "
                    "wall; with the QR code beside it nobody has to type.")  # fmt: skip
        typed = st.text_input("Class code", key="class_code", max_chars=40)
        if st.form_submit_button("Enter", type="primary", key="class_enter"):
            enter(typed)
    if access.asks_for_login() and st.button("Log in", icon=":material/login:", key="class_login"):
        with guard.sentences():
            _log_in()


def enter(typed: str) -> None:
    """Take a code that somebody typed: the page runs anew where it is right, and says it if not."""
    with guard.sentences():
        if not access.give_code(typed):
            raise ExplorerError("This is not the code; capitals and spaces do not matter.")
        st.rerun()


def _log_in() -> None:
    try:
        st.login()
    except StreamlitAuthError as error:
        raise ExplorerError(
            f"The login of this server is not set up ({error}); see docs/server.md."
        ) from None
