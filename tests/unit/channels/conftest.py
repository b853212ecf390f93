"""Settings of hypothesis: a property must not fail because the machine is busy with something else."""

from hypothesis import HealthCheck, settings

settings.register_profile("channels", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("channels")
