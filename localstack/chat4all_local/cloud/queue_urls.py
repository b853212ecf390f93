"""Move kept queues to another port.

MiniStack knows a queue by its URL, with the port of the time when the queue was made. On another port a kept
queue would take messages, and give none to anybody.
"""

import re
from pathlib import Path
from typing import Final

from chat4all_local.aws_account import ACCESS_KEY
from chat4all_local.cloud.settings import LOCALHOST

_WHERE_URLS_ARE: Final = ("sqs.json", "lambda.json", "cloudformation.json")
_QUEUE_URL: Final = re.compile(rf"http://{re.escape(LOCALHOST)}:\d+/{ACCESS_KEY}/")


def move_queues(kept: Path, port: int) -> None:
    """`kept` is MiniStack's folder, while it does not run. Files are replaced, never changed."""
    for path in (kept / name for name in _WHERE_URLS_ARE):
        if path.exists():
            before = path.read_text()
            after = _QUEUE_URL.sub(f"http://{LOCALHOST}:{port}/{ACCESS_KEY}/", before)
            if after != before:
                path.with_suffix(".moved").write_text(after)
                path.with_suffix(".moved").replace(path)
