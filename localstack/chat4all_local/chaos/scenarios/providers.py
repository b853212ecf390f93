"""Faults of one provider, which must not affect other channels. The scenarios take the channels in turn."""

from collections.abc import Callable
from itertools import cycle
from typing import Final, Unpack

import msgspec

from chat4all.channels.registry import manifests
from chat4all_local.chaos.scenario import Act, Run, Scenario
from chat4all_local.simulators.client import FaultOptions
from chat4all_local.simulators.control_api import FaultKind

_FROM: Final = 0.3
_TO: Final = 0.65
_FLAKES: Final = 15


class _Fault(msgspec.Struct, frozen=True):
    """A failure of a provider: `sentence` describes it, and `strike` makes the act for a channel."""

    name: str
    sentence: str
    strike: Callable[[str], Act]
    is_isolated: bool = True
    """Whether the fault lasts, so that the other channels' latencies before and during it can be compared."""


def _faulty(kind: FaultKind, **options: Unpack[FaultOptions]) -> Callable[[str], Act]:
    def strike(channel: str) -> Act:
        def act(run: Run) -> None:
            run.load.wait_for_share(_FROM)
            simulator = run.under_test.simulators[channel]
            before = simulator.transcript().last
            simulator.add_fault(kind, **options)
            run.struck(f"{channel}: {kind.value}")
            run.load.wait_for_share(_TO)
            simulator.clear_faults()
            run.mended(f"{channel} works again")
            if simulator.transcript().last == before:
                run.wrongs.append(f"nothing was sent to {channel} during its fault")

        return act

    return strike


def _flaky(channel: str) -> Act:
    """Let a send fail from time to time, each time in another way."""
    kinds = (FaultKind.ERROR, FaultKind.RESET, FaultKind.ERROR, FaultKind.SLOW, FaultKind.ERROR)

    def act(run: Run) -> None:
        simulator = run.under_test.simulators[channel]
        run.load.wait_for_share(_FROM)
        run.struck(f"{channel}: flaky")
        for number in range(_FLAKES):
            run.load.wait_for_share(_FROM + (_TO - _FROM) * number / _FLAKES)
            simulator.add_fault(kinds[number % len(kinds)], count=1, seconds=1)
        if len(simulator.faults()) == _FLAKES:
            run.wrongs.append(f"no send to {channel} met a fault")
        simulator.clear_faults()
        run.mended(f"{channel} works again")

    return act


def _token_expired(channel: str) -> Act:
    """Let the provider accept only a new token, and store it in the secret a while later."""

    def act(run: Run) -> None:
        cloud = run.under_test.cloud
        secrets, name = cloud.aws.secrets(), f"{cloud.stack}/{channel}"
        simulator = run.under_test.simulators[channel]
        run.load.wait_for_share(_FROM)
        renewed = simulator.settings().access_token + "-renewed"
        simulator.configure(access_token=renewed)
        run.struck(f"{channel}: the token has expired")
        run.load.wait_for_share(_TO)
        secret = msgspec.json.decode(secrets.get_secret_value(SecretId=name)["SecretString"])
        secrets.put_secret_value(
            SecretId=name, SecretString=msgspec.json.encode({**secret, "access_token": renewed}).decode()
        )
        run.mended("the secret is updated")
        if all(send.authorized for send in simulator.transcript().requests):
            run.wrongs.append("no send was refused for its token")

    return act


_FAULTS: Final = (
    _Fault("provider-down", "answers 500 to everything", _faulty(FaultKind.ERROR, status=500)),
    _Fault("provider-slow", "takes two seconds for every answer", _faulty(FaultKind.SLOW, seconds=2)),
    _Fault("provider-hang", "takes every request and answers none", _faulty(FaultKind.HANG, seconds=30)),
    _Fault("provider-throttle", "throttles all sends", _faulty(FaultKind.THROTTLE)),
    _Fault("provider-flaky", "fails now and then, each time in another way", _flaky, is_isolated=False),
    _Fault("provider-resets", "resets every connection", _faulty(FaultKind.RESET)),
    _Fault("token-expired", "refuses the token until the secret is updated", _token_expired),
)

PROVIDERS: Final = tuple(
    Scenario(
        fault.name,
        f"{channel.title} {fault.sentence}.",
        fault.strike(channel.name),
        isolated=channel.name if fault.is_isolated else None,
    )
    for fault, channel in zip(_FAULTS, cycle(manifests()), strict=False)
)
