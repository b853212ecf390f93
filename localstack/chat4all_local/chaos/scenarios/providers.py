"""One provider misbehaves; the others must not notice."""

from typing import Final, Unpack

import msgspec

from chat4all_local.chaos.scenario import Act, Run, Scenario
from chat4all_local.simulators.client import FaultOptions
from chat4all_local.simulators.control_api import FaultKind

_FROM: Final = 0.3
_TO: Final = 0.65
_FLAKES: Final = 15


def _faulty(channel: str, kind: FaultKind, **options: Unpack[FaultOptions]) -> Act:
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
            run.wrongs.append(f"nothing was sent to {channel} while it was struck")

    return act


def _flaky(run: Run) -> None:
    """Every now and then one send fails, in each of the ways there are."""
    simulator = run.under_test.simulators["telegram"]
    run.load.wait_for_share(_FROM)
    run.struck("telegram: flaky")
    kinds = (FaultKind.ERROR, FaultKind.RESET, FaultKind.ERROR, FaultKind.SLOW, FaultKind.ERROR)
    for number in range(_FLAKES):
        run.load.wait_for_share(_FROM + (_TO - _FROM) * number / _FLAKES)
        simulator.add_fault(kinds[number % len(kinds)], count=1, seconds=1)
    if len(simulator.faults()) == _FLAKES:
        run.wrongs.append("no send to telegram met a fault")
    simulator.clear_faults()
    run.mended("telegram works again")


def _token_expired(run: Run) -> None:
    """The provider takes a new token only; an administrator puts it into the secret a while later."""
    channel, cloud = "instagram", run.under_test.cloud
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
    run.mended("the secret is repaired")
    refused = [send for send in simulator.transcript().requests if not send.authorized]
    if not refused:
        run.wrongs.append("no send was refused for its token")


PROVIDERS: Final = (
    Scenario(
        "provider-down",
        "WhatsApp answers 500 to everything.",
        _faulty("whatsapp", FaultKind.ERROR, status=500, code=131000),
        isolated="whatsapp",
    ),
    Scenario(
        "provider-slow",
        "Instagram takes two seconds for every answer.",
        _faulty("instagram", FaultKind.SLOW, seconds=2),
        isolated="instagram",
    ),
    Scenario(
        "provider-hang",
        "Telegram takes every request and answers none.",
        _faulty("telegram", FaultKind.HANG, seconds=30),
        isolated="telegram",
    ),
    Scenario(
        "provider-throttle",
        "WhatsApp says that we send too much.",
        _faulty("whatsapp", FaultKind.THROTTLE),
        isolated="whatsapp",
    ),
    Scenario("provider-flaky", "Telegram fails now and then, each time in another way.", _flaky),
    Scenario(
        "provider-resets",
        "Instagram resets every connection.",
        _faulty("instagram", FaultKind.RESET),
        isolated="instagram",
    ),
    Scenario(
        "token-expired",
        "Instagram refuses our token until the secret is repaired.",
        _token_expired,
        isolated="instagram",
    ),
)
