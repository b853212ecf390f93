"""Charges: nothing, each message, or each segment."""

import pytest

from chat4all.channels import registry
from chat4all.domain.channel import Charging
from chat4all.domain.charges import Charge, charge_of
from chat4all.domain.content import Content, Media, Text
from chat4all.domain.files.file import Attachment

FILE = Media(Attachment("file-1", "it.png", "image/png", 100), "x" * 500)


@pytest.mark.parametrize(
    ("parts", "charging", "units"),
    [
        ([Text("x" * 500), FILE], Charging.FREE, 0),
        ([Text("x" * 500), FILE], Charging.MESSAGES, 2),
        ([Text("x" * 160)], Charging.SEGMENTS, 1),
        ([Text("x" * 161)], Charging.SEGMENTS, 2),
        ([Text("ã" * 71)], Charging.SEGMENTS, 2),
        ([Text("x" * 160), Text("x")], Charging.SEGMENTS, 2),
        ([FILE], Charging.SEGMENTS, 1),
        ([Text("")], Charging.SEGMENTS, 1),
    ],
)
def test_a_provider_charges_for_what_its_manifest_says(
    parts: list[Content], charging: Charging, units: int
) -> None:
    charge = charge_of(parts, charging)

    assert charge == Charge(units)
    assert charge.is_charged is (units > 0)


def test_what_is_free_comes_first() -> None:
    assert sorted([Charge(2), Charge(0), Charge(1)]) == [Charge(0), Charge(1), Charge(2)]


def test_every_channel_says_what_it_charges_for() -> None:
    assert {name: of.charging for name, of in registry.capabilities().items()} == {
        "whatsapp": Charging.MESSAGES,
        "telegram": Charging.FREE,
        "instagram": Charging.FREE,
        "sms": Charging.SEGMENTS,
    }
