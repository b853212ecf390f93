"""The figures of the uploads."""

from collections.abc import Sequence

import msgspec

from chat4all_local.traffic.spread import Spread, paired_ratios, spread


class ProductUpload(msgspec.Struct, frozen=True):
    """An upload with the client; `memory` is the most that the client used, in bytes."""

    file_id: str
    seconds: float
    inspected_s: float
    memory: int


class Boto3Upload(msgspec.Struct, frozen=True):
    seconds: float
    memory: int


class UploadFigures(msgspec.Struct, frozen=True):
    """Rates in MiB a second, memory in MiB. `s3_memory` and `files_memory` are the greatest samples."""

    size_mib: float
    rounds: int
    product_rate: Spread
    boto3_rate: Spread
    ratio: Spread
    inspection_rate: Spread
    client_memory: float
    boto3_memory: float
    s3_memory: float
    files_memory: float


class ResumeFigures(msgspec.Struct, frozen=True):
    """The figures of an upload that was killed and resumed.

    `sent_again` counts parts that were started more than once. `allowed` counts the parts that may have been
    in
    progress at the kills.
    """

    size_mib: float
    parts: int
    kills: int
    sent_again: int
    allowed: int
    same_sha256: bool


MIB = 1024 * 1024


def upload_figures(
    size: int,
    product: Sequence[ProductUpload],
    boto3: Sequence[Boto3Upload],
    *,
    s3_memory: int,
    files_memory: int,
) -> UploadFigures:
    mib = size / MIB
    ours, theirs = [mib / run.seconds for run in product], [mib / run.seconds for run in boto3]
    return UploadFigures(
        size_mib=mib,
        rounds=len(product),
        product_rate=spread(ours),
        boto3_rate=spread(theirs),
        ratio=spread(paired_ratios(ours, theirs)),
        inspection_rate=spread([mib / run.inspected_s for run in product]),
        client_memory=max(run.memory for run in product) / MIB,
        boto3_memory=max(run.memory for run in boto3) / MIB,
        s3_memory=s3_memory / MIB,
        files_memory=files_memory / MIB,
    )
