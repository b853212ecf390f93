"""nanio's application, with every correction."""

import asyncio
import errno
import logging
from pathlib import Path
from typing import Final

import nanio.app
import nanio.handlers.multipart
import nanio.handlers.object
from nanio.app_state import get_storage
from nanio.config import Settings
from nanio.errors import S3Error
from nanio.handlers._body import read_bounded_body
from nanio.storage.multipart import MultipartManager
from nanio.xml import complete_multipart_upload_xml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from nanio_server.authentication import Authentication
from nanio_server.objects import Objects
from nanio_server.staging import Staging
from nanio_server.uploads import Uploads

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logging.getLogger("nanio_server")


class DiskFull(S3Error):
    message = "The disk is full: the object store cannot write."
    http_status = 507


def application(settings: Settings) -> Starlette:
    """Recover what the last process left, and return the corrected application."""
    install()
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    for key in Staging(settings.data_dir).recover():
        _log.warning("The object %s was stored, but not in its place; it is now.", key)
    app: Starlette = nanio.app.build_app(settings)
    app.add_exception_handler(OSError, _not_written)
    return app


def install() -> None:
    """Put the corrections in the place of nanio's own classes and functions."""
    nanio.app.FilesystemStorage = Objects
    nanio.app.SigV4Middleware = Authentication
    nanio.handlers.multipart.MultipartManager = Uploads
    nanio.handlers.object.complete_multipart_upload = _complete
    nanio.handlers.object.abort_multipart_upload = _abort
    nanio.handlers.object.delete_object = _delete


async def _complete(request: Request, bucket: str, key: str) -> Response:
    """Complete an upload in a thread: nanio answers no request while it joins the parts."""
    parts = nanio.handlers.multipart._parse_complete_body(await read_bounded_body(request))  # noqa: SLF001
    manager: MultipartManager = nanio.handlers.multipart._manager(request)  # noqa: SLF001
    info = await asyncio.to_thread(manager.complete, request.query_params["uploadId"], parts)
    location = f"http://{request.url.netloc}/{bucket}/{key}"
    xml = complete_multipart_upload_xml(bucket=bucket, key=key, etag=info.etag, location=location)
    return Response(xml, media_type="application/xml")


async def _abort(request: Request, _bucket: str, _key: str) -> Response:
    manager: MultipartManager = nanio.handlers.multipart._manager(request)  # noqa: SLF001
    await asyncio.to_thread(manager.abort, request.query_params["uploadId"])
    return Response(status_code=204)


async def _delete(request: Request, bucket: str, key: str) -> Response:
    await asyncio.to_thread(get_storage(request).delete_object, bucket, key)
    return Response(status_code=204)


async def _not_written(_: Request, error: Exception) -> Response:
    if not isinstance(error, OSError) or error.errno not in _FULL:
        raise error
    _log.error("The disk is full: %s", error)
    answer = DiskFull()
    return Response(answer.to_xml(), answer.http_status, media_type="application/xml")
