"""The route that the lab's component asks while something is dragged: POST api/lab/frame.

Whoever asks needs the word of a lab that a session opened (`benches`), on the same origin. Work
runs in a thread, one question a lab at a time; a question that a newer one has overtaken is not
worked on. What is sent is bounded and parsed as text, never trusted.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import ExplorerError
from core.phantom.patient import parse_patient
from explorer.lab import sent
from explorer.lab.benches import OpenLab, bench_of

MOST_BYTES = 8_192
_AT_ONCE = 2  # frames of all sessions together; the others wait in their order
_limiters: list[CapacityLimiter] = []


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
    bench.newest = max(bench.newest, question.serial)
    async with bench.turn:
        if question.serial < bench.newest:
            return Response(status_code=204)  # a newer question waits
        if not _limiters:  # made inside the loop that it belongs to
            _limiters.append(CapacityLimiter(_AT_ONCE))
        told = await to_thread.run_sync(_work, bench, question, limiter=_limiters[0])
    return JSONResponse({**told, "serial": question.serial}, headers={"Cache-Control": "no-store"})


def _work(bench: OpenLab, question: Question) -> dict[str, Any]:
    patient = parse_patient(question.patient)
    shown = bench.lab.frame(patient, question.text, question.chosen, question.fine)
    return sent.frame(shown, question.fine)


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
