"""The names of formats that are not accepted."""

import pytest

from chat4all.adapters.media.formats import name_format


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"MZ\x90\0" + bytes(100), "xecutable"),
        (b"\x7fELF\2\1\1" + bytes(100), "ELF"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7"),
    ],
)
def test_what_people_send_has_a_name(head: bytes, part: str) -> None:
    name = name_format(head)

    assert name is not None
    assert part in name


@pytest.mark.parametrize("head", [b"", b"\x01\x02", bytes(4_096)])
def test_what_nobody_knows_has_none(head: bytes) -> None:
    assert name_format(head) is None
