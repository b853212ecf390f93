"""The ports of the use cases of privacy. Adapters implement them; tests use fakes of them.

Every method that calls AWS raises `Unavailable` if AWS does not answer.
"""

from typing import Protocol

from chat4all.domain.privacy_work import PrivacyWork


class PrivacyQueue(Protocol):
    def send(self, work: PrivacyWork) -> None:
        """Put the work at the end of its group. The same work within 5 minutes is there once."""
        ...
