r"""ClamAV's daemon, over its socket: https://docs.clamav.net/manual/Usage/ClamdProtocol.html

::

    zINSTREAM\0  (length, bytes)*  0          ──►
    stream: OK | stream: <name> FOUND | <what> ERROR  \0  ◄──

The daemon's configuration sets the limits. `StreamMaxLength` and `MaxFileSize` should be as large as the
largest file. `AlertExceedsMax yes` must be set: without it, clamd answers OK for a file that it did not scan.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chat4all.domain.errors import Unavailable
from chat4all.domain.files.inspection import Refusal, RejectCode
from chat4all.domain.text import shortened
from chat4all.services.files.scanning import CannotScan, Clean, Malware, Verdict

CONNECT_S: Final = 2.0
ANSWER_S: Final = 180.0
"""clamd itself gives up after `MaxScanTime`, which is two minutes by default."""

_LENGTH: Final = struct.Struct(">I")
_MOST_CHUNK_BYTES: Final = 1024 * 1024
_MOST_ANSWER_BYTES: Final = 4_096
_FOUND: Final = " FOUND"
_OVER_THE_LIMIT: Final = "INSTREAM size limit exceeded"
_TOO_LARGE: Final = Refusal(
    RejectCode.TOO_LARGE_TO_SCAN, "The file, or a file packed in it, is too large for the malware scanner."
)
_ENCRYPTED: Final = Refusal(
    RejectCode.ENCRYPTED, "The file is encrypted, so that it cannot be scanned for malware."
)
_NO_MALWARE: Final = {"Heuristics.Limits.Exceeded": _TOO_LARGE, "Heuristics.Encrypted": _ENCRYPTED}
"""The names under which clamd reports FOUND for a file that it did not scan."""


class ClamdScan:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._early_answer: str | None = None
        connection.sendall(b"zINSTREAM\0")

    def feed(self, piece: bytes) -> None:
        for start in range(0, len(piece), _MOST_CHUNK_BYTES):
            self._send(piece[start : start + _MOST_CHUNK_BYTES])

    def verdict(self) -> Verdict:
        self._send(b"")
        return _verdict(self._read() if self._early_answer is None else self._early_answer)

    def _send(self, chunk: bytes) -> None:
        if self._early_answer is not None:
            return
        try:
            self._connection.sendall(_LENGTH.pack(len(chunk)) + chunk)
        except (BrokenPipeError, ConnectionResetError):
            # clamd accepts no more bytes. It has sent its answer before it closed the connection.
            self._early_answer = self._read()

    def _read(self) -> str:
        answer = b""
        while not answer.endswith(b"\0"):
            more = self._connection.recv(_MOST_ANSWER_BYTES)
            answer += more
            if not more or len(answer) > _MOST_ANSWER_BYTES:
                raise Unavailable(
                    "The malware scanner closed the connection early; try again.", retry_after=5
                )
        return answer[:-1].decode(errors="replace")


class ClamdScanner:
    def __init__(self, address: str, answer_s: float = ANSWER_S) -> None:
        """`address` is a socket's path or `host:port`."""
        self._address = address
        self._answer_s = answer_s

    @contextmanager
    def begin(self) -> Iterator[ClamdScan]:
        try:
            with self._connect() as connection:
                yield ClamdScan(connection)
        except OSError as error:
            raise Unavailable("The malware scanner did not answer; try again.", retry_after=5) from error

    def _connect(self) -> socket.socket:
        host, colon, port = self._address.rpartition(":")
        if colon and port.isdecimal():
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S)
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(CONNECT_S)
            try:
                connection.connect(self._address)
            except OSError:
                connection.close()
                raise
        connection.settimeout(self._answer_s)
        return connection


def _verdict(answer: str) -> Verdict:
    """Return the verdict; raise Unavailable for an error of the daemon, which never makes a file clean."""
    result = answer.removeprefix("stream: ")
    if result == "OK":
        return Clean()
    if result.endswith(_FOUND):
        name = result.removesuffix(_FOUND)
        refusal = next((why for begins, why in _NO_MALWARE.items() if name.startswith(begins)), None)
        return CannotScan(refusal) if refusal else Malware(name)
    if result.startswith(_OVER_THE_LIMIT):
        return CannotScan(_TOO_LARGE)
    raise Unavailable(f"The malware scanner failed: {shortened(result)}", retry_after=5)
