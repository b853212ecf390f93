"""What every test shares: hypothesis without deadlines, and the same examples in every CI run."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "chat4all",
    # A machine that is busy with something else shall fail no property.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
    database=None,
)
settings.load_profile("chat4all")
