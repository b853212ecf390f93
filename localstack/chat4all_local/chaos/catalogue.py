"""The scenarios, in the order in which they are run."""

from collections.abc import Sequence
from typing import Final

from chat4all_local.chaos.scenario import Scenario
from chat4all_local.chaos.scenarios.aws import AWS
from chat4all_local.chaos.scenarios.batch import BATCH
from chat4all_local.chaos.scenarios.full_disk import FULL_DISK
from chat4all_local.chaos.scenarios.kill_store import KILL_STORE
from chat4all_local.chaos.scenarios.kills import KILLS
from chat4all_local.chaos.scenarios.overload import OVERLOAD
from chat4all_local.chaos.scenarios.providers import PROVIDERS
from chat4all_local.chaos.scenarios.traffic import TRAFFIC
from chat4all_local.chaos.scenarios.whole_cloud import KILL, RESTART
from chat4all_local.cloud.errors import CloudError

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        *(*RESTART, *KILLS, *AWS, *PROVIDERS, *TRAFFIC, *BATCH),
        *(*OVERLOAD, *FULL_DISK, *KILL_STORE, *KILL),
    )
}
"""The scenarios in their order.

The restart comes first, before other scenarios add data to be recovered. The last of KILLS and the faults of
AWS are neighbours because they share the proxies.
"""


def choose(names: Sequence[str]) -> list[Scenario]:
    """Return the named scenarios, or all, each once. Raises CloudError for an unknown name."""
    unknown = sorted(set(names) - set(SCENARIOS))
    if unknown:
        raise CloudError(f"no such scenario: {', '.join(unknown)}", f"there are: {', '.join(SCENARIOS)}")
    return [scenario for name, scenario in SCENARIOS.items() if name in names or not names]
