"""The absolute addresses of this API, which clients, providers and people follow unchanged."""

from collections.abc import Callable

AddressOf = Callable[[str], str]
"""An `AddressOf` takes a path that begins with `/v1`, and returns its public address."""


def public_address(form: str, api_id: str, path: str) -> str:
    """Build the public address of `path`, which begins with `/v1`.

    template.yaml sets `form`, the API's address before `/v1`. It ends with the stage on API Gateway's own
    address and on a local cloud, and without the stage on a domain of your own, whose root is the stage.
    `{api}` stands for `api_id`.
    """
    return form.replace("{api}", api_id).rstrip("/") + path
