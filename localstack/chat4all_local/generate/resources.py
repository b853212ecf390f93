"""The resources of the API: every class with declared routes in chat4all.entrypoints.http."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from chat4all.entrypoints import http
from chat4all.entrypoints.http.routes import Route, routes_of

_FUNCTIONS: Final = {"webhooks": "webhooks"}
"""The functions of the resources that `api` does not serve."""


class Resource(msgspec.Struct, frozen=True):
    """The routes that one module declares, and the function that serves them."""

    name: str
    summary: str
    function: str
    routes: tuple[Route, ...]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()


def resources() -> Sequence[Resource]:
    """Return every resource, in the order of the names."""
    return list(_found())


def _found() -> Iterator[Resource]:
    for module in sorted(pkgutil.iter_modules(http.__path__), key=lambda module: module.name):
        loaded = importlib.import_module(f"{http.__name__}.{module.name}")
        own = [member for member in vars(loaded).values() if isinstance(member, type)]
        routes = tuple(
            route for kind in own if kind.__module__ == loaded.__name__ for route in routes_of(kind)
        )
        if routes:
            summary = (loaded.__doc__ or "").split("\n", 1)[0].partition(": ")[2]
            summary = summary[:1].upper() + summary[1:]
            yield Resource(module.name, summary, _FUNCTIONS.get(module.name, "api"), routes)
