import hypercorn.asyncio

from ministack_server import draining


def test_a_stop_is_served_by_the_correction() -> None:
    served = hypercorn.asyncio.serve

    draining.install()

    assert hypercorn.asyncio.serve is not served
