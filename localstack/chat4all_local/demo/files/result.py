"""The files in the result that `chat4all demo --json` prints."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.files.judging import FilesVerdict


class WayResult(msgspec.Struct, frozen=True):
    """The transfer of a file to, or from, a channel.

    `how` is media, link or received; null if the file did not arrive. `times` counts its arrivals.
    """

    how: str | None
    bytes: int
    sha256_ok: bool
    times: int


class FileResult(msgspec.Struct, frozen=True):
    """The result of a file; `uploaded_s` is null for a file that a customer sends."""

    bytes: int
    uploaded_s: float | None
    channels: Mapping[str, WayResult]


def file_results(verdict: FilesVerdict) -> dict[str, FileResult]:
    """Return the results by the files' names."""
    return {
        row.name: FileResult(
            row.size,
            None if row.uploaded_s is None else round(row.uploaded_s, 1),
            {
                channel: WayResult(way.how, way.bytes, way.sha256_ok, way.times)
                for channel, way in row.ways.items()
            },
        )
        for row in verdict.rows
    }
