"""The messages between the server and the processes of functions, over a Unix socket.

A frame is the lengths of its header and its payload (two big-endian 32-bit numbers), the header in JSON,
and the payload. File descriptors accompany the first bytes of a frame. `function_process` imports this module
by its path, with the function's interpreter, so it uses only the standard library.
"""

import json
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple, Required, TypedDict

_LENGTHS = struct.Struct(">II")
_MOST_DESCRIPTORS = 2


class Header(TypedDict, total=False):
    """The header of a message of any `kind`. `number` counts the environments of a fork server."""

    kind: Required[str]
    number: int
    variables: dict[str, str]
    # The messages of a process: loaded, ready, ended or not_forked.
    why: str
    pid: int
    code: int
    # An invocation.
    request_id: str
    trace_id: str | None
    function_arn: str
    deadline_ms: int
    client_context: str | None


class Frame(NamedTuple):
    header: Header
    payload: bytes
    descriptors: Sequence[int]

    @property
    def kind(self) -> str:
        return self.header["kind"]


def send(
    channel: socket.socket, header: Header, payload: bytes = b"", descriptors: Sequence[int] = ()
) -> None:
    """Send a frame. Raises OSError if the other side has ended."""
    text = json.dumps(header).encode()
    start = _LENGTHS.pack(len(text), len(payload)) + text
    sent = socket.send_fds(channel, [start], list(descriptors)) if descriptors else 0
    channel.sendall(start[sent:] + payload)


def receive(channel: socket.socket) -> Frame | None:
    """Receive a frame. Returns None if the other side has ended, also in the middle of a frame."""
    try:
        start, descriptors, _, _ = socket.recv_fds(channel, _LENGTHS.size, _MOST_DESCRIPTORS)
        rest = _exactly(channel, _LENGTHS.size - len(start)) if start else None
        if rest is None:
            return None
        header_size, payload_size = _LENGTHS.unpack(start + rest)
        header, payload = _exactly(channel, header_size), _exactly(channel, payload_size)
    except ConnectionError:
        return None
    if header is None or payload is None:
        return None
    return Frame(json.loads(header), payload, descriptors)


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
