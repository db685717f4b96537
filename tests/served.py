"""A server of the app in a process of its own, and what a browser's session is told by it."""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


def free_port() -> int:
    """A port of this computer that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, health: str,
    ready: str = "",
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves, once `health` answers; ended afterwards.

    Args:
        ready: what it has said by then, too.

    Raises:
        AssertionError: it ended or did not answer; with what it said.
    """  # fmt: skip
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command], cwd=folder, env={**environment}, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + 600
            while not (_answers(health) and ready in _text(said)):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(_text(said))
                time.sleep(0.2)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:  # a busy machine; nothing of it is looked at later
                process.kill()
                process.wait()


def _text(said: IO[bytes]) -> str:
    """So far; read by a place of its own, since the process writes at the file's."""
    size = os.fstat(said.fileno()).st_size
    return os.pread(said.fileno(), size, 0).decode(errors="replace")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def open_page(
    url: str, headers: Mapping[str, str] | None = None, page: str = ""
) -> list[ForwardMsg]:
    """What the server sends to a new session until its script has ended.

    Args:
        url: the app, as a browser would write it, with its last slash.
        page: what a browser has behind that; by default the first page.
    """
    return asyncio.run(_open_page(url, headers or {}, page))


async def _open_page(url: str, headers: Mapping[str, str], page: str) -> list[ForwardMsg]:
    origin = "/".join(url.split("/")[:3])
    async with websockets.connect(
        f"{url.replace('http', 'ws', 1)}_stcore/stream", subprotocols=["streamlit"],
        max_size=None, additional_headers=dict(headers), origin=origin,
    ) as stream:  # fmt: skip
        ask = BackMsg()
        ask.rerun_script.query_string, ask.rerun_script.page_name = "", page
        await stream.send(ask.SerializeToString())
        messages = []
        while True:
            message = ForwardMsg.FromString(await asyncio.wait_for(stream.recv(), 300))
            messages.append(message)
            if message.WhichOneof("type") == "script_finished":
                return messages


def words_of(messages: Sequence[ForwardMsg]) -> str:
    """The headings and texts that were sent."""
    elements = [message.delta.new_element for message in messages]
    texts = [(element.heading.body, element.markdown.body) for element in elements]
    return "\n".join(filter(None, (text for pair in texts for text in pair)))


def exceptions_in(messages: Sequence[ForwardMsg]) -> list[str]:
    """What went wrong, as the page says it."""
    found = [message.delta.new_element.exception.message for message in messages]
    return [text for text in found if text]
