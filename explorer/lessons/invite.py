"""How students come in, to be shown on the wall: address, QR code, class code."""

import streamlit as st

from core.serving.addresses import addresses, join_url
from core.serving.qr import as_svg
from explorer import access, entrance
from explorer.policy import class_code
from explorer.shared import components

_SIDE = 260  # of the QR code, in pixels


def ask_teacher() -> None:
    """The question for the teacher's code, to somebody who is no teacher yet."""
    with st.form("class_teacher", border=False, width=420):
        st.markdown("This page is the teacher's. The code was printed where the server was "
                    "started; it opens the class, and none of that computer's files.")  # fmt: skip
        typed = st.text_input("Teacher's code", type="password", key="teacher_code", max_chars=80)
        if st.form_submit_button("Enter", key="teacher_enter"):
            entrance.enter(typed)


def draw() -> None:
    """The address of this server, as far as others reach it."""
    access.check_class()
    with st.expander("How students come in", icon=":material/qr_code_2:", expanded=False):
        if st.get_option("server.address") in ("localhost", "127.0.0.1", "::1"):
            st.markdown("This server listens on this computer alone. For a class, start it by "
                        "`make serve`, or `python -m core serve`.")  # fmt: skip
            return
        own = addresses()
        if not own:
            st.markdown("This computer is in no network; nobody else reaches it.")
            return
        code, told = components.row(_SIDE, 420)
        with told:
            address = str(st.selectbox("Address", own, key="class_address")) if own[1:] else own[0]
            port = int(st.get_option("server.port"))
            base = str(st.get_option("server.baseUrlPath") or "")
            st.markdown(f"## `{join_url(address, port, '', base)}`")
            if class_code():
                st.markdown(f"## Class code: `{class_code()}`")
                st.caption("It keeps out who came by accident, and protects nothing.")
        with code:
            url = join_url(address, port, class_code(), base)
            components.picture(as_svg(url), f"QR code of {url}", width=_SIDE)
