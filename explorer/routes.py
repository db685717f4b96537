"""What the server answers beside the pages: the one table of routes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

LAB_FRAME = "/api/lab/frame"


async def _lab_frame(request: Request) -> Response:
    from explorer.lab.route import frame  # with torch, which the server's start does not wait for

    return await frame(request)


ROUTES: tuple[BaseRoute, ...] = (
    Route(LAB_FRAME, _lab_frame, methods=["POST"]),
    # Under `server.baseUrlPath`, or behind a proxy that leaves its prefix.
    Route("/{base:path}" + LAB_FRAME, _lab_frame, methods=["POST"]),
)
