import pytest

from chat4all_local.cloud.state import Component, Phase, ProcessId, State, decode, encode

RUNNING = State(
    phase=Phase.READY,
    stack="desk-7",
    run="a1b2",
    launcher=ProcessId(10, 1.5),
    components=(
        Component("nanio", ProcessId(11, 2.5), {"nanio": "http://127.0.0.1:1"}, "nanio.log"),
        Component("simulators", ProcessId(12, 3.5), {"whatsapp": "http://127.0.0.1:2"}, "simulators.log"),
    ),
    ports={"nanio": 1, "whatsapp": 2},
    api_url="http://127.0.0.1:3/api",
    api_key="c4a_00000000_x",
)


def test_what_is_written_is_read() -> None:
    assert decode(encode(RUNNING)) == RUNNING


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"phase": "sleeping"}', b'{"ports": {"nanio": "one"}}'])
def test_what_cannot_be_read_is_a_cloud_that_never_was(text: bytes) -> None:
    assert decode(text) == State()


def test_an_address_is_found_by_what_is_served_there() -> None:
    assert RUNNING.url("whatsapp") == "http://127.0.0.1:2"
    with pytest.raises(KeyError, match="telegram"):
        RUNNING.url("telegram")
