"""Make LocalStack listen only on the host of GATEWAY_LISTEN.

LocalStack 4.9.2 uses only the port of an IPv4 GATEWAY_LISTEN and listens on every interface. A client that
reaches it can run code, because functions are processes of LocalStack's user.
"""

from types import SimpleNamespace

from localstack.runtime import hooks


@hooks.on_runtime_create()
def listen_where_told() -> None:
    from localstack.runtime.server import twisted as server  # noqa: PLC0415
    from twisted.internet import endpoints  # noqa: PLC0415

    from localstack import config  # noqa: PLC0415 (available only while LocalStack starts)

    hosts = {address.port: address.host for address in config.GATEWAY_LISTEN}

    def on_its_host(reactor: object, port: int) -> object:
        return endpoints.TCP4ServerEndpoint(reactor, port, interface=hosts[port])

    server.endpoints = SimpleNamespace(
        TCP4ServerEndpoint=on_its_host, TCP6ServerEndpoint=endpoints.TCP6ServerEndpoint
    )
