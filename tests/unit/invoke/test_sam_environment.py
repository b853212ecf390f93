import pytest

from chat4all_local.invoke.sam_environment import _seen_from


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", "http://docker:4566"),
        ("BASE_URL", "http://127.0.0.1:4510", "http://docker:4510"),
        (
            "FILES_QUEUE",
            "http://127.0.0.1:4566/000000000000/f.fifo",
            "http://docker:4566/000000000000/f.fifo",
        ),
        ("API_URL", "http://127.0.0.1:4566/x/{api}/api", "http://127.0.0.1:4566/x/{api}/api"),
        ("PUBLIC_URL", "http://127.0.0.1:4566/x/a1/api", "http://127.0.0.1:4566/x/a1/api"),
        ("MESSAGES_TABLE", "chat4all-messages", "chat4all-messages"),
    ],
)
def test_what_the_function_itself_calls_is_seen_from_the_container(name: str, value: str, seen: str) -> None:
    assert _seen_from("docker", name, value) == seen
