"""A check of every answer of a function against docs/openapi.json."""

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
import msgspec

from tests.integration.template import ROOT

_RESPONSES: Final = "#/components/responses/"


class Description:
    """The description, read strictly: it refuses an answer with a field that its schema does not have."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = document["paths"]
        self._responses = document["components"]["responses"]
        self._schemas = {
            name: {"additionalProperties": False, **schema} if "properties" in schema else schema
            for name, schema in document["components"]["schemas"].items()
        }
        self._validators: dict[tuple[str, str, str, str], jsonschema_rs.Validator] = {}

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], text: str) -> None:
        """Assert that the description has this status, type and shape of an answer, and its headers."""
        operation = self._paths[path][method.lower()]
        assert str(status) in operation["responses"], f"{method} {path} may not answer {status}: {text}"
        response = self._resolved(operation["responses"][str(status)])
        assert "x-trace-id" in response.get("headers", {}), f"{method} {path} may not answer {status}: {text}"
        content_type = headers["content-type"].partition(";")[0]
        assert content_type in response["content"], f"{method} {path} {status}: {content_type}"
        if "schema" in response["content"][content_type]:
            key = (method, path, str(status), content_type)
            validator = self._validator(key, response["content"][content_type])
            shown = msgspec.json.decode(text) if content_type == "application/json" else text
            errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(shown)]
            assert errors == [], f"{method} {path} {status}: {text}"

    def _validator(self, key: tuple[str, str, str, str], content: dict[str, Any]) -> jsonschema_rs.Validator:
        if key not in self._validators:
            schema = {**content["schema"], "components": {"schemas": self._schemas}}
            self._validators[key] = jsonschema_rs.Draft202012Validator(schema)
        return self._validators[key]

    def _resolved(self, response: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._responses.get(
            response.get("$ref", "").removeprefix(_RESPONSES), response
        )
        return found


COMMITTED: Final = Description(msgspec.json.decode((ROOT / "docs" / "openapi.json").read_bytes()))
