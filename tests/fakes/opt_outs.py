"""The opt-outs of erased people in memory."""

from chat4all.domain.consent import Consent


class MemoryOptOuts:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Consent, ...]] = {}

    def keep(self, channel: str, fingerprint: str, consents: tuple[Consent, ...]) -> None:
        self._kept[channel, fingerprint] = consents

    def of(self, channel: str, fingerprint: str) -> tuple[Consent, ...]:
        return self._kept.get((channel, fingerprint), ())
