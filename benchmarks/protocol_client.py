"""A browser without a screen: it speaks Streamlit's protocol, and so costs the load test little.

It holds what a page shows and what its widgets hold, sends what a browser would send, fetches the
files and pictures that a browser would fetch, and asks again what is drawn anew by itself.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import websockets
from requests.adapters import HTTPAdapter
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from urllib3.util import Retry

_ENDED = (0, 1, 3)  # of a run: 2 is one that begins again at once
_PATIENCE = 300.0  # seconds for one answer
_LABELLED = ("button", "text_input", "text_area", "number_input", "selectbox", "checkbox")


class ProtocolClient:
    """One session of the app."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        """Not connected yet.

        Args:
            address: of the app, as `http://127.0.0.1:8501`.
            headers: that this browser sends besides, such as a proxy's.
        """
        self.address, self.headers = address, headers
        self.errors: list[str] = []  # sentences and exceptions that a page showed
        self._shown: dict[tuple[int, ...], tuple[str, Element]] = {}  # with its fragment, by place
        self.pages: dict[str, str] = {}  # script hash by path
        self.polls: dict[str, float] = {}  # fragments drawn anew by themselves, seconds between
        self._query, self._page = "", ""
        self._widgets: dict[str, WidgetState] = {}
        self._stream: Any = None
        self._http = requests.Session()
        # A server may end a kept connection as it is used again: a browser asks once more, too.
        self._http.mount("http://", HTTPAdapter(max_retries=Retry(2, backoff_factor=0.1)))
        self._fetched: set[str] = set()

    async def open(self, query: str = "") -> None:
        """Fetch the app's own files, connect, and have the first page drawn."""
        await asyncio.to_thread(self._fetch_app)
        self._query = query
        parts = urlsplit(self.address)
        self._stream = await websockets.connect(
            f"ws://{parts.netloc}/_stcore/stream", subprotocols=["streamlit"], max_size=None,
            additional_headers=self.headers, origin=self.address, open_timeout=_PATIENCE,
            ping_timeout=None,
        )  # fmt: skip
        await self.rerun()

    async def close(self) -> None:
        """As a tab that is closed."""
        if self._stream is not None:
            await self._stream.close()
        self._http.close()

    async def rerun(self, fragment: str = "", trigger: WidgetState | None = None) -> None:
        """Have the page, or a part of it, run; returns when it has ended."""
        ask = BackMsg()
        told = ask.rerun_script
        told.query_string, told.page_script_hash, told.fragment_id = (
            self._query, self._page, fragment
        )  # fmt: skip
        told.widget_states.widgets.extend(self._widgets.values())
        if trigger is not None:
            told.widget_states.widgets.append(trigger)
        await self._stream.send(ask.SerializeToString())
        deadline = time.monotonic() + _PATIENCE
        while True:
            left = deadline - time.monotonic()
            message = ForwardMsg.FromString(await asyncio.wait_for(self._stream.recv(), left))
            if self._take(message):
                break
        await asyncio.to_thread(self._fetch_pictures)

    async def go(self, path: str) -> None:
        """Open another page by its path."""
        self._page, self._query = self.pages[path], ""
        self._widgets.clear()
        await self.rerun()

    async def click(self, text: str) -> None:
        """Press the button whose id or label has this text.

        Raises:
            LookupError: there is none.
        """
        fragment, button = self._find("button", text)
        await self.rerun(fragment, WidgetState(id=button.id, trigger_value=True))

    async def write(self, kind: str, text: str, value: Any, run: bool = True) -> None:
        """Put a value into a widget, and have the page run as it does then."""
        fragment, widget = self._find(kind, text)
        state = WidgetState(id=widget.id)
        if kind == "number_input":
            state.double_value = float(value)
        else:
            setattr(state, "json_value" if kind == "bidi_component" else "string_value", value)
        self._widgets[state.id] = state
        if run:
            await self.rerun(fragment)

    async def post(self, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer of a question in JSON."""
        return await asyncio.to_thread(self._post, path, told)

    def widget(self, kind: str, text: str) -> Any:
        """A widget by a part of its id, which ends in its key, or of its label.

        Raises:
            LookupError: there is none.
        """
        return self._find(kind, text)[1]

    def _find(self, kind: str, text: str) -> tuple[str, Any]:
        for fragment, element in self._of(kind):
            if text in element.id or (kind in _LABELLED and text in element.label):
                return fragment, element
        said = "; ".join(self.errors[-3:])
        raise LookupError(f"no {kind} '{text}' on the page ({said})")

    def has(self, kind: str, text: str) -> bool:
        """Whether there is such a widget that can be used."""
        try:
            widget = self.widget(kind, text)
        except LookupError:
            return False
        return not (kind == "button" and widget.disabled)

    def sent_to(self, component: str) -> dict[str, Any]:
        """What the page sent to a component of its own."""
        told: dict[str, Any] = json.loads(self.widget("bidi_component", component).json)
        return told

    def _of(self, kind: str) -> Iterator[tuple[str, Any]]:
        for fragment, element in self._shown.values():
            if element.WhichOneof("type") == kind:
                yield fragment, getattr(element, kind)

    def _take(self, message: ForwardMsg) -> bool:
        """Take in a message; whether the run has ended."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            again = set(message.metadata.run.fragment_ids)  # none where the whole page runs
            self._shown = {place: told for place, told in self._shown.items()
                           if again and told[0] not in again}  # fmt: skip
            if not again:
                self.polls.clear()
        elif kind == "navigation":
            told = message.navigation
            self.pages = {page.url_pathname: page.page_script_hash for page in told.app_pages}
            self._page = told.page_script_hash
        elif kind == "auto_rerun":
            self.polls[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.polls.pop(fragment, None)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(tuple(message.metadata.delta_path), message.delta)
        return kind == "script_finished" and message.script_finished in _ENDED

    def _element(self, place: tuple[int, ...], delta: Delta) -> None:
        element = delta.new_element
        self._shown[place] = delta.fragment_id, element
        if element.WhichOneof("type") == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif element.WhichOneof("type") == "alert" and element.alert.format == 1:
            self.errors.append(element.alert.body)

    def _post(self, path: str, told: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        headers = {**self.headers, "Sec-Fetch-Site": "same-origin"}
        answer = self._http.post(self.address + path, json=told, headers=headers, timeout=_PATIENCE)
        return answer.status_code, answer.json() if answer.content else {}

    def _fetch_app(self) -> None:
        """The first page's file with what it names: 1.67 has the rest in pieces, read as needed."""
        shell = self._http.get(self.address, headers=self.headers, timeout=_PATIENCE)
        shell.raise_for_status()
        for path in re.findall(r'(?:src|href)="(\.?/[^"]+)"', shell.text):
            self._get(urljoin(self.address + "/", path))

    def _fetch_pictures(self) -> None:
        for _, images in list(self._of("imgs")):
            for image in images.imgs:
                self._get(urljoin(self.address + "/", image.url))

    def _get(self, url: str) -> None:
        if url not in self._fetched and not url.startswith("data:"):  # which the page holds itself
            self._fetched.add(url)
            told = self._http.get(url, headers=self.headers, timeout=_PATIENCE, stream=True)
            told.raw.read(decode_content=False)  # unpacking it is no work of the server's
            if told.status_code >= 400:
                self.errors.append(f"{urlsplit(url).path} gave {told.status_code}")
