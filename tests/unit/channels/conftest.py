"""A machine that is busy with something else shall fail no property."""

from hypothesis import HealthCheck, settings

settings.register_profile("channels", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("channels")
