"""The records of the queue `privacy`: work on all that is stored of a person, in slices."""

import msgspec


class EraseWork(msgspec.Struct, frozen=True, tag_field="job", tag="erase"):
    """On `privacy.fifo`, group `user_id`: continue the erasure of the user.

    `at` is the time at which the record was sent: a later record is not taken for a repetition.
    """

    erasure_id: str
    user_id: str
    at: str

    @property
    def group(self) -> str:
        return self.user_id

    @property
    def deduplication_id(self) -> str:
        return f"erase:{self.erasure_id}:{self.at}"

    @property
    def ids(self) -> dict[str, str]:
        return {"erasure_id": self.erasure_id, "user_id": self.user_id}


class ExportWork(msgspec.Struct, frozen=True, tag_field="job", tag="export"):
    """On `privacy.fifo`, group `user_id`: continue the export of the user. `at` is as of EraseWork."""

    export_id: str
    user_id: str
    at: str

    @property
    def group(self) -> str:
        return self.user_id

    @property
    def deduplication_id(self) -> str:
        return f"export:{self.export_id}:{self.at}"

    @property
    def ids(self) -> dict[str, str]:
        return {"export_id": self.export_id, "user_id": self.user_id}


class RetentionWork(msgspec.Struct, frozen=True, tag_field="job", tag="retention"):
    """On `privacy.fifo`, a group of its own: continue the walk that strips what is over."""

    at: str

    @property
    def group(self) -> str:
        return "retention"

    @property
    def deduplication_id(self) -> str:
        return f"retention:{self.at}"

    @property
    def ids(self) -> dict[str, str]:
        return {}


PrivacyWork = EraseWork | ExportWork | RetentionWork
"""Every kind of work that the function `privacy` does."""
