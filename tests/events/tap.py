"""A Lambda layer whose handler logs each event, and then calls the function's own handler."""

import json
from typing import Any

from app import handler as own  # type: ignore[import-not-found]  # the function's folder is on its path

MARK = "EVENT "


def handler(event: Any, context: Any) -> Any:  # noqa: ANN401 - Lambda's
    print(MARK + json.dumps(event), flush=True)  # noqa: T201 - into the function's log
    return own(event, context)
