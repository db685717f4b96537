"""How students come in, to be shown on the wall: address, QR code, class code."""

from html import escape

import streamlit as st

from core.serving.addresses import addresses, join_url
from core.serving.qr import as_svg
from explorer import access, entrance
from explorer.policy import class_code
from explorer.shared import components

_SIDE = 340  # of the QR code, in pixels: read off a projected wall from the last row
_STYLE = """<style>
.invite p {margin: 0; font-size: 1.1rem}
.invite b {display: block; font: 600 clamp(1.5rem, 2.6vw, 2.6rem)/1.3 monospace;
margin-bottom: 1.2rem; overflow-wrap: anywhere}
.invite b.code {font-size: clamp(3rem, 7vw, 6.5rem); line-height: 1.1; letter-spacing: 0.08em}
</style>"""


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
        code, told = components.row(_SIDE, 560)
        with told:
            address = str(st.selectbox("Address", own, key="class_address")) if own[1:] else own[0]
            port = int(st.get_option("server.port"))
            base = str(st.get_option("server.baseUrlPath") or "")
            st.html(_told(join_url(address, port, "", base), class_code()))
            if class_code():
                st.caption("It keeps out who came by accident, and protects nothing.")
        with code:
            url = join_url(address, port, class_code(), base)
            components.picture(as_svg(url), f"QR code of {url}", width=_SIDE)


def _told(url: str, code: str) -> str:
    """Address and code in big type."""
    asked = f'<p>Class code</p><b class="code">{escape(code)}</b>' if code else ""
    return f'{_STYLE}<div class="invite"><p>Open</p><b>{escape(url)}</b>{asked}</div>'
