"""What is known of a simulated provider before the first request comes."""

import msgspec

from chat4all_local.simulators.control_api import Settings


class Credentials(msgspec.Struct, frozen=True):
    """One business account at one provider; the fields are those of a channel's secret."""

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""
    sender: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """`settings` are those that the simulator starts with, `photo_kind` is the provider's word for a photo."""

    settings: Settings
    photo_kind: str

    @property
    def credentials(self) -> Credentials:
        return msgspec.convert(self.settings, Credentials, from_attributes=True)
