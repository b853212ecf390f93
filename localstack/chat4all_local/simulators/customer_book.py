"""A file of a provider's customers. A provider keeps its customers while Chat4All is down."""

from collections.abc import Mapping
from pathlib import Path

from chat4all_local.simulators.control_api import Customer
from chat4all_local.simulators.json_lines import JsonLines


class CustomerBook:
    """A file with a line of JSON for every change. The last line of an address counts."""

    def __init__(self, path: Path) -> None:
        self._lines = JsonLines(path, Customer)

    def read(self) -> Mapping[str, Customer]:
        """Read the customers, and shorten the file to a line for each."""
        found = {customer.address: customer for customer in self._lines.read()}
        self._lines.replace(found.values())
        return found

    def write(self, customer: Customer) -> None:
        self._lines.append(customer)
