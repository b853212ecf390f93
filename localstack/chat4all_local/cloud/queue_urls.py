"""Move stored queues to another port.

MiniStack identifies a queue by its URL, which has the port of the run that created the queue. On another port
such a queue would accept messages and deliver none.
"""

import re
from pathlib import Path
from typing import Final

from chat4all_local.aws_account import ACCESS_KEY
from chat4all_local.cloud.settings import LOCALHOST

_FILES_WITH_URLS: Final = ("sqs.json", "lambda.json", "cloudformation.json")
_QUEUE_URL: Final = re.compile(rf"http://{re.escape(LOCALHOST)}:\d+/{ACCESS_KEY}/")


def move_queues(kept: Path, port: int) -> None:
    """Replace the port in the files of `kept`, MiniStack's data, while MiniStack does not run.

    Files are replaced, never changed: hard links to them are a backup.
    """
    for path in (kept / name for name in _FILES_WITH_URLS):
        if path.exists():
            before = path.read_text()
            after = _QUEUE_URL.sub(f"http://{LOCALHOST}:{port}/{ACCESS_KEY}/", before)
            if after != before:
                path.with_suffix(".moved").write_text(after)
                path.with_suffix(".moved").replace(path)
