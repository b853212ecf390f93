"""CloudFormation that does not sleep for 5 seconds before it looks again whether a resource has come to be.

`CLOUDFORMATION_POLL_INTERVAL_SEC` says how long instead. It turns minutes of deploying into seconds.
"""

import os
from functools import partialmethod

from localstack.runtime import hooks


@hooks.on_infra_start()
def poll_more_often() -> None:
    interval = os.environ.get("CLOUDFORMATION_POLL_INTERVAL_SEC")
    if not interval:
        return
    from localstack.services.cloudformation.resource_provider import (  # noqa: PLC0415 (a second of start-up)
        ResourceProviderExecutor,
    )

    looking = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=float(interval))
    ResourceProviderExecutor.deploy_loop = looking
