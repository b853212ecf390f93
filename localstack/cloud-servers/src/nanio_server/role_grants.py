"""The grants of functions' roles, which MiniStack keeps.

nanio lets every signer do everything. A request that a function signed, or a link that it signed for somebody
else, is allowed only if the role of the function grants it, as on S3.
"""

import os
from typing import Any, Final

import urllib3
from nanio.auth.middleware import SigV4Middleware
from nanio.errors import AccessDenied

from ministack_server.role_keys import PREFIX

ANSWERED_WITHIN_S: Final = 5.0

_verify = SigV4Middleware._verify  # noqa: SLF001 (nanio has no public name for it; its version is locked)
_ministack: Final = urllib3.PoolManager()


def install() -> None:
    """Add the check of the grant to the check of the signature."""
    SigV4Middleware._verify = _verify_and_ask  # noqa: SLF001


def _verify_and_ask(middleware: SigV4Middleware, request: Any) -> Any:  # noqa: ANN401 (nanio's types are not here)
    """Return the verified request. Raises nanio's errors."""
    verified = _verify(middleware, request)
    if verified.access_key.startswith(PREFIX) and not _is_granted(verified.access_key, request):
        raise AccessDenied
    return verified


def _is_granted(access_key: str, request: Any) -> bool:  # noqa: ANN401
    """Ask MiniStack. Raises HTTPError of urllib3 if it does not answer."""
    asked = {"access_key": access_key, "method": request.method, "path": request.url.path}
    answer = _ministack.request(
        "GET",
        f"{os.environ['AWS_ENDPOINT_URL']}/_roles/s3",
        fields={**asked, "query": request.url.query},
        timeout=ANSWERED_WITHIN_S,
        retries=1,  # MiniStack may close an idle connection
    )
    return answer.status == 200
