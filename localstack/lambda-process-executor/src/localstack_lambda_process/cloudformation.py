"""CloudFormation without waiting: `CLOUDFORMATION_QUICK=1` turns minutes of deploying into seconds.

LocalStack 4.9.2 sleeps for 5 seconds before it looks again whether a resource has come to be, and looks through the whole
stack of calls each time that it resolves a reference, lest it resolves it for ever: Python's own recursion limit sees to that.
"""

import os
from functools import partialmethod
from typing import Final

from localstack.runtime import hooks

LOOK_EVERY_S: Final = 0.05


@hooks.on_infra_start(should_load=lambda: os.environ.get("CLOUDFORMATION_QUICK") == "1")
def quick_cloudformation() -> None:
    from localstack.services.cloudformation.engine import (  # noqa: PLC0415 (a second of start-up, where it is not wanted)
        template_deployer,
    )
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor  # noqa: PLC0415

    looking = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=LOOK_EVERY_S)
    ResourceProviderExecutor.deploy_loop = looking
    for name in ("resolve_refs_recursively", "_resolve_refs_recursively"):
        guarded = getattr(template_deployer, name)
        setattr(template_deployer, name, guarded.__wrapped__)
