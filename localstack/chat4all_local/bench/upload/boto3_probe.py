"""A script that uploads a file with boto3's TransferManager in its default configuration.

Arguments: endpoint, bucket, file.
"""

import json
import sys
import time

from chat4all_local.bench.upload.own_memory import most_memory
from chat4all_local.cloud.aws import Aws


def main(endpoint: str, bucket: str, file: str) -> None:
    client = Aws(endpoint, endpoint).s3()
    began = time.perf_counter()
    client.upload_file(file, bucket, "bench/film.mp4")
    result = {
        "seconds": time.perf_counter() - began,
        "memory": most_memory(),
    }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
