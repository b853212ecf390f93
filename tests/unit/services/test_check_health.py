"""The health check: it reports which components answer."""

from chat4all.services.access.check_health import CheckHealth, Health


def works() -> None:
    pass


def fails() -> None:
    raise ConnectionError


def test_all_up_is_healthy() -> None:
    assert CheckHealth({"database": works, "queue": works})() == Health(
        healthy=True, components={"database": "UP", "queue": "UP"}
    )


def test_one_down_is_not() -> None:
    assert CheckHealth({"database": fails, "queue": works})() == Health(
        healthy=False, components={"database": "DOWN", "queue": "UP"}
    )
