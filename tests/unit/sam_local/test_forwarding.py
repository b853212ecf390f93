import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from chat4all_local.sam_local.forwarding import forwarded

ELSEWHERE = "127.0.0.2"
"""Another address of this machine, which stands for the address of a bridge."""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8, and needs this"
)


@pytest.fixture
def echo() -> Iterator[int]:
    """Start a server on 127.0.0.1 that echoes one connection; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while piece := connection.recv(1024):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_what_comes_to_the_bridge_goes_to_this_machine_and_back(echo: int) -> None:
    said = b"hello" * 100_000
    with forwarded([echo], ELSEWHERE, "lo"), socket.create_connection((ELSEWHERE, echo)) as client:
        sender = threading.Thread(target=_say, args=(client, said))
        sender.start()
        heard = b"".join(iter(lambda: client.recv(65_536), b""))
        sender.join()

    assert heard == said


def test_nothing_listens_there_afterwards(echo: int) -> None:
    with forwarded([echo], ELSEWHERE, "lo"):
        pass

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ELSEWHERE, echo))
    with socket.create_connection(("127.0.0.1", echo)):
        pass


def test_what_does_not_come_by_the_bridge_is_refused(echo: int) -> None:
    devices = [name for _, name in socket.if_nameindex() if name != "lo"]
    if not devices:
        pytest.skip("this machine has no other network device")
    with forwarded([echo], ELSEWHERE, devices[0]), pytest.raises(ConnectionRefusedError):
        socket.create_connection((ELSEWHERE, echo))
    with socket.create_connection(("127.0.0.1", echo)):
        pass


def _say(client: socket.socket, said: bytes) -> None:
    client.sendall(said)
    client.shutdown(socket.SHUT_WR)
