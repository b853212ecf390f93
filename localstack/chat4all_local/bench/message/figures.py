"""The figures of the benchmark `message`, and their aims."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all_local.bench.aims import Aim, at_most
from chat4all_local.metering.use import Use

WCU_AIM: Final = 21
SQS_AIM: Final = 12
INVOCATIONS_AIM: Final = 7
USD_AIM: Final = 20
CPU_AIM_MS: Final = 60
GROUP_AIM: Final = 1.3
BROADCAST_AIM: Final = 1.5


class MessageFigures(msgspec.Struct, frozen=True):
    """A message to a person with its three receipts, every batch of one record.

    `cpu_ms` is the processor time of all processes of the local cloud, the providers' simulators included.
    """

    wcu: float
    rru: float
    sqs: float
    invocations: float
    http: float
    usd_per_million: float
    cpu_ms: float


class GroupFigures(msgspec.Struct, frozen=True):
    """A delivery of a message to a group, with its three receipts."""

    wcu_per_delivery: float
    rru_per_delivery: float
    cpu_ms_per_delivery: float


class BroadcastFigures(msgspec.Struct, frozen=True):
    """How often a delivery was received from the channel's queue, until the provider took it."""

    receives_per_delivery: float


class Figures(msgspec.Struct, frozen=True):
    """The groups by their participants, and the broadcasts by their conversations."""

    message: MessageFigures
    group: Mapping[str, GroupFigures]
    broadcast: Mapping[str, BroadcastFigures]


def message_figures(use: Use, usd_per_million: float, cpu_ms: float) -> MessageFigures:
    return MessageFigures(
        wcu=use.write_units,
        rru=use.read_units,
        sqs=use.sqs,
        invocations=use.invocations,
        http=use.http,
        usd_per_million=round(usd_per_million, 2),
        cpu_ms=round(cpu_ms, 1),
    )


def group_figures(per_delivery: Use, cpu_ms: float) -> GroupFigures:
    return GroupFigures(
        wcu_per_delivery=round(per_delivery.write_units, 2),
        rru_per_delivery=round(per_delivery.read_units, 2),
        cpu_ms_per_delivery=round(cpu_ms, 1),
    )


def aims(figures: Figures) -> tuple[Aim, ...]:
    message = figures.message
    small, *_, large = figures.group.values()
    few, *_, many = figures.broadcast.values()
    return (
        at_most("write units of a message with three receipts", message.wcu, WCU_AIM),
        at_most("requests to SQS", message.sqs, SQS_AIM),
        at_most("invocations", message.invocations, INVOCATIONS_AIM),
        at_most("dollars a million", message.usd_per_million, USD_AIM),
        at_most("processor time of a message", message.cpu_ms, CPU_AIM_MS, "ms"),
        at_most(
            "write units of a delivery, largest group / smallest",
            large.wcu_per_delivery / small.wcu_per_delivery,
            GROUP_AIM,
        ),
        at_most(
            "read units of a delivery, largest group / smallest",
            large.rru_per_delivery / small.rru_per_delivery,
            GROUP_AIM,
        ),
        at_most(
            "processor time of a delivery, largest group / smallest",
            large.cpu_ms_per_delivery / small.cpu_ms_per_delivery,
            GROUP_AIM,
        ),
        at_most(
            "receives of a delivery, largest broadcast / smallest",
            many.receives_per_delivery / few.receives_per_delivery,
            BROADCAST_AIM,
        ),
    )
