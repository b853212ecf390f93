import pytest

from chat4all_local.sam_local.main import is_answer


@pytest.mark.parametrize(
    ("printed", "is_one"),
    [
        ('{"batchItemFailures": []}', True),
        ('{"statusCode": 201, "body": "{}"}', True),
        ('{"statusCode": 401, "body": "{}"}', False),
        ('{"statusCode": 500, "body": "{}"}', False),
        ('{"errorMessage": "no table", "errorType": "KeyError", "stackTrace": []}', False),
        ("null", False),
        ("", False),
        ("Error: no image", False),
    ],
)
def test_an_answer_is_what_a_handler_returned_and_no_error(printed: str, *, is_one: bool) -> None:
    assert is_answer(printed) is is_one
