"""Whom a provider knows, kept over a restart: a provider forgets nobody because we were down."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from chat4all_local.simulators.control_api import Customer


class CustomerBook:
    """A line of JSON for every change; the last one of an address counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mapping[str, Customer]:
        """Whoever was written down; what a killed process left unfinished is passed over. Leaves one line each."""
        found: dict[str, Customer] = {}
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        for line in lines:
            try:
                customer = msgspec.json.decode(line, type=Customer)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            found[customer.address] = customer
        tidied = self._path.with_suffix(".new")
        tidied.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in found.values()))
        tidied.replace(self._path)
        return found

    def write(self, customer: Customer) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(customer) + b"\n")
