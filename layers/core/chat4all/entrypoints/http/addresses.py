"""Answers to requests name addresses of this API."""

import functools
from collections.abc import Callable

from chalice.app import Request

from chat4all.domain.public_addresses import AddressOf, public_address

Addresses = Callable[[Request], AddressOf]
"""An `Addresses` takes the request, which alone tells the API's id: template.yaml cannot give it to the API's function."""


def addresses(form: str) -> Addresses:
    """Make the function that finds the addresses for a request, in the form that template.yaml sets."""

    def addresses_for(request: Request) -> AddressOf:
        return functools.partial(public_address, form, request.context.get("apiId", ""))

    return addresses_for
