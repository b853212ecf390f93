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
# a while: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html. A part is to have the kind of checksum
# that its upload was begun with, which is none; its bytes are signed: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
_LOCAL_S3_CONFIG: Final = _CONFIG.merge(
    Config(signature_version="s3v4", read_timeout=25, request_checksum_calculation="when_required")
)
# They are to name their region, too, which botocore leaves out of them unless it is told so: without one a request goes to
# us-east-1 as long as a bucket is new, and in newer regions always: https://github.com/boto/boto3/pull/4768
_S3_CONFIG: Final = _LOCAL_S3_CONFIG.merge(Config(s3={"addressing_style": "virtual"}))


@functools.cache
def session() -> Session:
    return get_session()


def client(service: str, *, local: bool = False) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    """A client with short timeouts: a function has seconds. On a local cloud no bucket has a host name of its own."""
    s3_config = _LOCAL_S3_CONFIG if local else _S3_CONFIG
    return session().create_client(service, config=s3_config if service == "s3" else _CONFIG)
