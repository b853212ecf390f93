"""The opt-outs that a provider tells of by the code of a failure."""

from collections.abc import Iterator

from chat4all.channels.shared.answers import FailureTable
from chat4all.domain.consent import ConsentState
from chat4all.domain.events import InboundConsent, InboundStatus


def opt_outs(status: InboundStatus, code: int | None, failures: FailureTable) -> Iterator[InboundConsent]:
    """Yield the opt-out that a failed status tells of, if it names the person."""
    failure = failures.find(code) if code is not None else None
    if failure is None or failure.opt_out is None or not status.address:
        return
    yield InboundConsent(
        address=status.address,
        purposes=failure.opt_out.purposes,
        state=ConsentState.OPTED_OUT,
        at=status.at,
        evidence=f"error {code}",
        account=status.account,
        means=failure.opt_out.means,
    )
