"""Whether a local cloud enforces the functions' roles."""

from collections.abc import Mapping
from enum import StrEnum


class Roles(StrEnum):
    ENFORCED = "enforced"
    IGNORED = "ignored"

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the variables for MiniStack."""
        return {"AUTH": "true"} if self is Roles.ENFORCED else {}
