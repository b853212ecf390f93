"""The customers who write during the load, through signed webhooks that come at their own rate.

The simulators send at most so many webhooks at once and repeat a refused webhook, so their sender is no open
load. Here each webhook is a request of the load, made and signed by the same code.
"""

import time
from collections.abc import Mapping

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Customer, InboundRequest
from chat4all_local.simulators.registry import provider
from chat4all_local.traffic.load import Line
from chat4all_local.traffic.open_load import Due


class Customers:
    """Makes the webhooks of the simulators' providers, with the settings of their accounts."""

    def __init__(self, simulators: Mapping[str, Simulator]) -> None:
        self._urls = {}
        self._providers = {}
        for channel, simulator in simulators.items():
            settings = simulator.settings()
            self._urls[channel] = settings.webhook_url
            self._providers[channel] = provider(channel, Account(settings))

    def writing(self, line: Line, after_s: float) -> Due:
        """Make the webhook in which the customer of the line's conversation writes its text."""
        channel, address = line.conversation.channel, line.conversation.address
        sender, now = self._providers[channel], time.time()
        customer = Customer(address, f"Customer {address}", now)
        body = sender.inbound(InboundRequest(address, line.text), customer, now).body
        headers = sender.headers(body, self._urls[channel], signature=True)
        return Due(
            after_s,
            "POST",
            f"/webhooks/{channel}",
            200,
            body,
            line.message_id,
            tuple((name.lower(), value) for name, value in headers.items()),
        )
