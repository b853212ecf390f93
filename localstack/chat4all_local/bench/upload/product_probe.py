"""A script that uploads a file with the client, and prints when S3 had it and when it was inspected.

Arguments: API URL, key, file, folder of the client's memory, and a file that grows by a byte for each started
part.
"""

import json
import os
import sys
import time
from pathlib import Path

import urllib3

from chat4all.entrypoints.http.files import FileView
from chat4all_local.api_client import ApiClient
from chat4all_local.bench.upload.own_memory import most_memory
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.upload import upload


def main(api_url: str, key: str, file: str, memory: str, begun: str) -> None:
    put = urllib3.PoolManager.request
    counter = os.open(begun, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def counted(self, method, url, **options):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN003, ANN202
        if method == "PUT":
            os.write(counter, b".")
        return put(self, method, url, **options)

    urllib3.PoolManager.request = counted  # type: ignore[assignment]
    began, whole = time.perf_counter(), 0.0

    def complete(_: FileView) -> None:
        nonlocal whole
        whole = time.perf_counter() - began

    stored = upload(
        ApiClient(api_url, key), Path(file), remembered=Remembered(Path(memory)), complete=complete
    )
    result = {
        "file_id": stored.file_id,
        "seconds": whole,
        "inspected_s": time.perf_counter() - began - whole,
        "memory": most_memory(),
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
