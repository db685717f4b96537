"""The route that the lab's component asks while something is dragged: POST api/lab/frame.

Whoever asks needs the word of a lab that a session opened (`benches`), on the same origin. Frames
are worked on in the server's lanes: a question that a newer one of the same lab has overtaken is
not, and what several ask for alike is drawn once. What is sent is bounded and parsed as text,
never trusted.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import ExplorerError
from core.inference.lanes import SupersededError
from core.phantom.patient import parse_patient
from explorer.lab import sent
from explorer.lab.benches import OpenLab, bench_of
from explorer.shared.lanes import lanes

MOST_BYTES = 8_192


@dataclass(frozen=True)
class Question:
    """What a browser asks."""

    word: str
    serial: int
    patient: str
    text: str
    chosen: int
    fine: bool


async def frame(request: Request) -> Response:
    """Answer one question; see the module."""
    if not is_same_origin(request):
        return _refused(403, "This is asked from the lab's own page only.")
    try:
        question = read_question(await _body(request))
        bench = bench_of(question.word)
        if bench is None:
            return _refused(404, "This lab was closed; load the page again.")
        return await _answer(bench, question)
    except ExplorerError as error:
        return _refused(422, str(error))


async def _answer(bench: OpenLab, question: Question) -> Response:
    if question.serial < bench.newest:
        return Response(status_code=204)  # a newer one came first
    bench.newest = question.serial
    patient = parse_patient(question.patient)

    def work() -> dict[str, Any]:
        shown = bench.lab.frame(patient, question.text, question.chosen, question.fine)
        return sent.frame(shown, question.fine)

    key = ("lab", bench.model_hash, str(patient), question.text, question.chosen, question.fine)
    try:
        told = await asyncio.wrap_future(lanes().submit(question.word, key, work, remember=True))
    except SupersededError:
        return Response(status_code=204)  # a newer one waits
    return JSONResponse({**told, "serial": question.serial}, headers={"Cache-Control": "no-store"})


def is_same_origin(request: Request) -> bool:
    """Whether a page of this very app asks; browsers say so, and nobody else has to."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


async def _body(request: Request) -> bytes:
    """The body, as far as it may be long.

    Raises:
        ExplorerError: it is longer, or no JSON by its type.
    """
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise ExplorerError("The lab is asked in JSON.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise ExplorerError(f"The lab is asked in {MOST_BYTES} bytes at most.")
    return body


def read_question(body: bytes) -> Question:
    """A question of its right shape.

    Raises:
        ExplorerError: it is of another.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    kinds = {"word": str, "serial": int, "patient": str, "text": str, "chosen": int, "fine": bool}
    if not isinstance(told, dict) or any(
        type(told.get(name)) is not kind for name, kind in kinds.items()
    ):
        raise ExplorerError(f"The lab is asked with {', '.join(kinds)}; something else came.")
    return Question(**{name: told[name] for name in kinds})


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status_code=status)
