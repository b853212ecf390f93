"""/openapi.json and /docs: the description of the API, for programs and for people.

`make generate` writes the description from the routes' declarations, beside this module. The function reads
it when a client asks for it: a cold start pays nothing for it.
"""

from functools import cache
from pathlib import Path
from typing import Final

from chalice.app import Request

from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.routes import JSON, Returns, route

_HTML: Final = "text/html"
_DESCRIPTION: Final = {"openapi": "3.1.0", "info": {"title": "Chat4All", "version": "1"}}
_SAFE: Final = "default-src 'none'; style-src 'unsafe-inline'"


class DescriptionViews:
    @route(
        "GetDescription",
        "GET",
        "/openapi.json",
        Returns(None, _DESCRIPTION, content_type=JSON, meaning="The description, as OpenAPI 3.1."),
        summary="Read the description of this API as OpenAPI 3.1, without a key",
    )
    def document(self, request: Request) -> Answer:
        return Answer(_document(), headers={"Content-Type": JSON})

    @route(
        "GetDocs",
        "GET",
        "/docs",
        Returns(
            None,
            "<!doctype html><title>Chat4All, version 1</title>",
            content_type=_HTML,
            meaning="The description, as a page.",
        ),
        summary="Read the description of this API as a page, without a key",
    )
    def page(self, request: Request) -> Answer:
        from chat4all.entrypoints.http.page import page  # noqa: PLC0415 - nothing else needs it

        headers = {"Content-Type": f"{_HTML}; charset=utf-8", "Content-Security-Policy": _SAFE}
        return Answer(page(_document()), headers=headers)


@cache
def _document() -> str:
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
