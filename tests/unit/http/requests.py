"""Requests as a view gets them, with the key that was recognised."""

import msgspec
from chalice.app import Request


def a_request(body: object, key_id: str) -> Request:
    event = {
        "multiValueQueryStringParameters": None,
        "headers": {},
        "pathParameters": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/", "chat4all.key_id": key_id},
        "body": msgspec.json.encode(body).decode(),
        "stageVariables": None,
    }
    return Request(event, None)
