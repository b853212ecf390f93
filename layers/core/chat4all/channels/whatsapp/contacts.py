"""The contacts that a webhook of WhatsApp lists beside its messages."""

from msgspec import Struct

from chat4all.channels.whatsapp.address import person_addresses


class Profile(Struct, frozen=True):
    name: str | None = None
    username: str | None = None


class Contact(Struct, frozen=True):
    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    profile: Profile = Profile()


class Contacts:
    """Find the contact of each message in a webhook by its number or its user id."""

    def __init__(self, contacts: list[Contact]) -> None:
        self._contacts = contacts
        self._places: dict[str, int] = {}
        for place, contact in enumerate(contacts):
            for address in person_addresses(contact.wa_id, contact.user_id):
                self._places.setdefault(address, place)

    def find(self, sender: str | None, user_id: str | None) -> Contact:
        """Return the first contact with that number or user id; without either, the only contact."""
        if len(self._contacts) == 1 and not sender and not user_id:
            return self._contacts[0]
        places = (self._places.get(address) for address in person_addresses(sender, user_id))
        first = min((place for place in places if place is not None), default=None)
        return Contact() if first is None else self._contacts[first]
