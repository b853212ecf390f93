import base64
import hashlib

import pytest

from chat4all_local.simulators.control_api import CustomerMedia
from chat4all_local.simulators.customer_media import pieces_of, sha256_of, size_of
from chat4all_local.simulators.shared.file_signs import format_of


@pytest.mark.parametrize("size", [0, 1, 5, 65_536, 65_537, 200_000])
def test_a_seed_makes_the_same_bytes_in_whatever_pieces(size: int) -> None:
    media = CustomerMedia("image/png", size=size, seed=3)

    whole = b"".join(pieces_of(media))

    assert len(whole) == size == size_of(media)
    assert b"".join(pieces_of(media, 997)) == whole
    assert all(len(piece) <= 997 for piece in pieces_of(media, 997))
    assert sha256_of(media) == hashlib.sha256(whole).hexdigest()


def test_another_seed_makes_other_bytes() -> None:
    assert sha256_of(CustomerMedia("image/png", seed=1)) != sha256_of(CustomerMedia("image/png", seed=2))


def test_bytes_begin_as_their_type_or_as_another_that_was_asked_for() -> None:
    honest, lying, plain = (
        b"".join(pieces_of(CustomerMedia("image/png", begins_as=kind)))
        for kind in (None, "application/pdf", "")
    )

    assert (format_of(honest), format_of(lying), format_of(plain)) == ("png", "pdf", None)


def test_a_made_text_is_one() -> None:
    b"".join(pieces_of(CustomerMedia("text/plain", size=70_000))).decode("ascii")


def test_given_bytes_are_what_they_are() -> None:
    media = CustomerMedia("text/plain", size=1, base64=base64.b64encode(b"hello").decode())

    assert (b"".join(pieces_of(media, 2)), size_of(media)) == (b"hello", 5)
    assert sha256_of(media) == hashlib.sha256(b"hello").hexdigest()
