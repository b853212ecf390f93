"""Whom a provider knows, kept over a restart: a provider forgets nobody because we were down."""

from collections.abc import Mapping
from pathlib import Path

from chat4all_local.simulators.control_api import Customer
from chat4all_local.simulators.json_lines import JsonLines


class CustomerBook:
    """A line of JSON for every change; the last one of an address counts."""

    def __init__(self, path: Path) -> None:
        self._lines = JsonLines(path, Customer)

    def read(self) -> Mapping[str, Customer]:
        """Whoever was written down. Leaves one line each."""
        found = {customer.address: customer for customer in self._lines.read()}
        self._lines.replace(found.values())
        return found

    def write(self, customer: Customer) -> None:
        self._lines.append(customer)
