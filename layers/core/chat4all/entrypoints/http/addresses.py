"""The addresses of this API that its answers contain."""

import functools
from collections.abc import Callable

from chalice.app import Request

from chat4all.domain.public_addresses import AddressOf, public_address

Addresses = Callable[[Request], AddressOf]
"""An `Addresses` takes the request, which contains the API's id: template.yaml cannot set it."""


def addresses(form: str) -> Addresses:
    """Make the function that finds the addresses for a request, in the form that template.yaml sets."""

    def addresses_for(request: Request) -> AddressOf:
        return functools.partial(public_address, form, request.context.get("apiId", ""))

    return addresses_for
