"""The one botocore session of the process: each costs a fifth of a cold start."""

import functools
from typing import Any, Final

from botocore.config import Config
from botocore.session import Session, get_session

_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=16,
    # The services check what they are sent, and say so; checking here too costs a tenth of a call.
    parameter_validation=False,
)
# Presigned addresses are to have the signature that every region takes. Making one object of a file's parts takes S3
# a while: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
_S3_CONFIG: Final = _CONFIG.merge(Config(signature_version="s3v4", read_timeout=25))


@functools.cache
def session() -> Session:
    return get_session()


def client(service: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    """A client with short timeouts: a function has seconds."""
    config = _S3_CONFIG if service == "s3" else _CONFIG
    return session().create_client(service, config=config)
