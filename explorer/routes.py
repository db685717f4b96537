"""What the server answers beside the pages: the one table of routes."""

from starlette.routing import BaseRoute

ROUTES: tuple[BaseRoute, ...] = ()
