"""Moves kept queues to another port.

MiniStack knows its queues by their URLs, with the port that it had when they were made. On another port the kept
queues would still be there, and take messages, but nobody would be given any.
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
