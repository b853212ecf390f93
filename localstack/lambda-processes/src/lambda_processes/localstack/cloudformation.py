"""CloudFormation without waiting: `CLOUDFORMATION_QUICK=1` shortens a deployment from minutes to seconds.

LocalStack 4.9.2 sleeps for 5 seconds before it checks again whether a resource exists. It also searches the
whole Python call stack at each reference, to detect endless recursion. Python's own recursion limit suffices
for that.
"""

import os
from functools import partialmethod
from typing import Final

from localstack.runtime import hooks

LOOK_EVERY_S: Final = 0.05


@hooks.on_infra_start(should_load=lambda: os.environ.get("CLOUDFORMATION_QUICK") == "1")
def quick_cloudformation() -> None:
    from localstack.services.cloudformation.engine import (  # noqa: PLC0415 (costs a second of start-up)
        template_deployer,
    )
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor  # noqa: PLC0415

    frequent_loop = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=LOOK_EVERY_S)
    ResourceProviderExecutor.deploy_loop = frequent_loop
    for name in ("resolve_refs_recursively", "_resolve_refs_recursively"):
        guarded = getattr(template_deployer, name)
        setattr(template_deployer, name, guarded.__wrapped__)
