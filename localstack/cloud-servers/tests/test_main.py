import hypercorn.asyncio
from ministack.services import lambda_svc

from ministack_server import draining, memory


def test_every_correction_replaces_a_function_that_the_locked_version_has() -> None:
    measured, served = lambda_svc._probe_peak_memory_mb, hypercorn.asyncio.serve

    memory.install()
    draining.install()

    assert lambda_svc._probe_peak_memory_mb is not measured
    assert hypercorn.asyncio.serve is not served
