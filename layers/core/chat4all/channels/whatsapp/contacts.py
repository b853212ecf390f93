"""The contacts that a webhook of WhatsApp lists beside its messages."""

from collections.abc import Iterable

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.webhooks import ABSENT
from chat4all.channels.whatsapp.address import person_addresses


class Contact(Struct, frozen=True):
    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str | None = None
    username: str | None = None


class _Listed(Struct, frozen=True):
    """A contact as it is listed, decoded part by part."""

    wa_id: Raw = ABSENT
    user_id: Raw = ABSENT
    parent_user_id: Raw = ABSENT
    profile: Raw = ABSENT


class _Profile(Struct, frozen=True):
    name: Raw = ABSENT
    username: Raw = ABSENT


class Contacts:
    """Find the contact of each message in a webhook by its number or its user id."""

    def __init__(self, parts: Iterable[Raw]) -> None:
        listed = (decoded(part, _Listed) for part in parts)
        self._contacts = [_contact(contact) for contact in listed if contact is not None]
        self._places: dict[str, int] = {}
        for place, contact in enumerate(self._contacts):
            for address in person_addresses(contact.wa_id, contact.user_id):
                self._places.setdefault(address, place)

    def find(self, sender: str | None, user_id: str | None) -> Contact:
        """Return the first contact with that number or user id; without either, the only contact."""
        if len(self._contacts) == 1 and not sender and not user_id:
            return self._contacts[0]
        places = (self._places.get(address) for address in person_addresses(sender, user_id))
        first = min((place for place in places if place is not None), default=None)
        return Contact() if first is None else self._contacts[first]


def _contact(listed: _Listed) -> Contact:
    profile = decoded(listed.profile, _Profile) or _Profile()
    return Contact(
        decoded(listed.wa_id, str),
        decoded(listed.user_id, str),
        decoded(listed.parent_user_id, str),
        decoded(profile.name, str),
        decoded(profile.username, str),
    )
