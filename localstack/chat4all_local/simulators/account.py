"""A business account at a provider: its settings and the customers that it can reach."""

from collections.abc import Mapping

import msgspec

from chat4all_local.simulators.control_api import Customer, CustomerDetails, Json, JsonObject, Settings
from chat4all_local.simulators.store import Store


class Account:
    """A business account as the provider sees it. `webhooks_pending` counts the webhooks not accepted yet.

    `base_url` is the provider's own address. Every URL that the provider gives out begins with it.
    `store` keeps what the provider remembers; without it, the provider remembers nothing after its end.
    """

    def __init__(
        self, settings: Settings, store: Store | None = None, base_url: str = "http://127.0.0.1"
    ) -> None:
        self.settings = settings
        self.base_url = base_url
        self.store = store or Store()
        self.customers = self.store.table("customers", Customer)
        self.webhooks_pending = 0

    def change(self, changes: JsonObject) -> Settings:
        """Merge `changes` into the settings.

        An invalid change raises msgspec.ValidationError and changes nothing.
        """
        merged = _merged(msgspec.to_builtins(self.settings), changes)
        settings = msgspec.convert(merged, Settings)
        if settings.latency_ms.min > settings.latency_ms.max:
            raise msgspec.ValidationError("`min` must not be more than `max` - at `$.latency_ms`")
        self.settings = settings
        return settings

    def register(self, address: str, details: CustomerDetails, now: float) -> Customer:
        """Add a customer, or replace the details of a known customer."""
        just_now = now if details.window_open else now - self.settings.window_hours * 3600
        last_wrote_at = just_now if details.wrote_at is None else details.wrote_at
        customer = Customer(
            address=address,
            name=details.name,
            last_wrote_at=last_wrote_at,
            handle=details.handle,
            phone=details.phone,
            blocked=details.blocked,
        )
        self.customers.put(address, customer)
        return customer

    def register_unknown(self, address: str, details: CustomerDetails, now: float) -> None:
        """Add a customer, unless the address is already known."""
        if address not in self.customers:
            self.register(address, details, now)

    def wrote(self, address: str, now: float) -> Customer:
        """Record that a customer wrote: add an unknown customer and open the messaging window."""
        known = self.customers.get(address)
        if known is None:
            return self.register(address, CustomerDetails(name=f"Customer {address}"), now)
        customer = msgspec.structs.replace(known, last_wrote_at=now)
        self.customers.put(address, customer)
        return customer

    def window_open(self, customer: Customer, at: float) -> bool:
        return customer.window_open(at, self.settings.window_hours)


def _merged(old: Mapping[str, Json], changes: Mapping[str, Json]) -> JsonObject:
    merged = dict(old)
    for key, value in changes.items():
        before = merged.get(key)
        merged[key] = (
            _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
        )
    return merged
