"""A Hugging Face Hub of one repository on this computer, which can be told to misbehave."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "c0ffee" * 6 + "c0ff"


class LocalHub:
    """What the handler serves, what it was asked, and how it fails."""

    def __init__(self) -> None:
        self.repos: dict[str, Path] = {}
        self.asked: list[str] = []
        self.drop_once_at = 0  # bytes of a weights file after which the line is cut, once
        self.spoil = False  # serve weights with one byte changed
        self.hold: threading.Event | None = None  # weights stop half way until it is set
        self.licence = "mit"
        self.url = ""

    def info(self, repo: str) -> dict[str, Any] | None:
        folder = self.repos.get(repo)
        if folder is None:
            return None
        siblings = []
        for file in sorted(folder.iterdir()):
            entry: dict[str, Any] = {"rfilename": file.name, "size": file.stat().st_size}
            if file.suffix == ".safetensors":
                digest = sha256(file.read_bytes()).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": entry["size"], "pointerSize": 100}
            siblings.append(entry)
        return {"id": repo, "sha": COMMIT, "siblings": siblings,
                "cardData": {"license": self.licence}}  # fmt: skip


@contextmanager
def serving() -> Iterator[LocalHub]:
    """Such a Hub, as long as the block runs."""
    hub = LocalHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(False)

        def do_GET(self) -> None:
            self._answer(True)

        def _answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            span = self.headers.get("Range", "")
            hub.asked.append(f"{self.command} {path} {span}".strip())
            if path.startswith("/api/models/"):
                info = hub.info(path.removeprefix("/api/models/").split("/revision/")[0])
                if info is None:
                    return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
                return self._send(200, json.dumps(info).encode(), {}, body)
            repo, _, rest = path[1:].partition("/resolve/")
            file = hub.repos.get(repo, Path("/nowhere")) / rest.partition("/")[2]
            if not file.is_file():
                return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body)
            self._file(file, span, body)

        def _file(self, file: Path, span: str, body: bool) -> None:
            data = file.read_bytes()
            tag = sha256(data).hexdigest()
            weights = file.suffix == ".safetensors"
            if hub.spoil and weights:
                data = data[:-1] + bytes([data[-1] ^ 1])
            start = int(span.removeprefix("bytes=").split("-")[0]) if span else 0
            headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            if span:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            if weights and body and hub.hold is not None:
                return self._half(206 if span else 200, data[start:], headers, hub.hold)
            cut = hub.drop_once_at if weights and body else 0
            if cut:
                hub.drop_once_at = 0
            self._send(206 if span else 200, data[start:], headers, body, cut)

        def _half(
            self, code: int, data: bytes, headers: dict[str, str], go_on: threading.Event
        ) -> None:
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(data[: len(data) * 3 // 4])
                self.wfile.flush()
                go_on.wait(60)
                self.wfile.write(data[len(data) * 3 // 4 :])
            except OSError:  # who asked is gone
                self.close_connection = True

        def _send(
            self, code: int, data: bytes, headers: dict[str, str], body: bool, cut: int = 0
        ) -> None:
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data[:cut] if cut else data)
            if cut:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
