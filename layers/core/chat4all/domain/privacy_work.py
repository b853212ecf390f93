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


PrivacyWork = EraseWork
"""Every kind of work that the function `privacy` does."""
