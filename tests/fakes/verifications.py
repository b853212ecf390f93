"""One-time codes in memory, and the use case over the other fakes."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from chat4all.domain.audit import AuditEntry
from chat4all.domain.channel import Capabilities
from chat4all.domain.person import Identity, User
from chat4all.domain.verification import MOST_OF_ACCOUNT, MOST_TRIES, Verification, verified
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.code_template import CodeTemplates
from chat4all.services.messaging.ports import Limiter
from chat4all.services.messaging.verify_identity import VerifyIdentity
from tests.fakes.audit import MemoryAudit
from tests.fakes.directory import MemoryDirectory
from tests.fakes.fingerprints import keyed
from tests.fakes.product import Product
from tests.fakes.small_stores import NoLimits


class MemoryVerifications:
    def __init__(self, directory: MemoryDirectory, audit: MemoryAudit) -> None:
        self._directory = directory
        self._audit = audit
        self._rows: dict[str, Verification] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def get(self, subject: str) -> Verification | None:
        return self._rows.get(subject)

    def begin(self, subject: str, new: Verification, before: Verification | None) -> bool:
        with self._lock:
            present = self._rows.get(subject)
            if (present and present.name) != (before and before.name):
                return False
            self._rows[subject] = new
            return True

    def end(self, subject: str, failed: Verification) -> None:
        with self._lock:
            present = self._rows[subject]
            if present.name == failed.name:
                self._rows[subject] = replace(failed, tries=present.tries)

    def count_try(self, subject: str, name: str) -> Verification | None:
        with self._lock:
            present = self._rows.get(subject)
            if present is None or present.name != name or present.tries >= MOST_TRIES:
                return None
            self._rows[subject] = replace(present, tries=present.tries + 1)
            return self._rows[subject]

    def confirm(
        self, subject: str, code: Verification, user: User, identity: Identity, entry: AuditEntry
    ) -> bool:
        with self._lock, self._directory.lock:
            present = self._rows[subject]
            if present.name != code.name or present.confirmed_at is not None:
                return False
            if not self._directory.set_identities(user, verified(user.identities, identity.place, entry.at)):
                return False
            self._rows[subject] = replace(present, confirmed_at=entry.at)
            self._audit.record(entry)
            return True

    def count_of_account(self, channel: str, account: str, at: datetime) -> bool:
        with self._lock:
            hour = (channel, account, f"{at:%Y-%m-%dT%H}")
            if self._counts[hour] >= MOST_OF_ACCOUNT:
                return False
            self._counts[hour] += 1
            return True


class Codes:
    """The codes 000001, 000002, and so on, as they are made."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._codes: Iterator[str] = (f"{number:06d}" for number in range(1, 10**6))

    def __call__(self) -> str:
        self.made.append(next(self._codes))
        return self.made[-1]


def verify_identity(
    product: Product,
    capabilities: Mapping[str, Capabilities],
    *,
    codes: Codes | None = None,
    limiter: Limiter | None = None,
    dependents: Mapping[str, str] | None = None,
    verifications: MemoryVerifications | None = None,
) -> VerifyIdentity:
    return VerifyIdentity(
        directory=product.directory,
        verifications=verifications or MemoryVerifications(product.directory, product.audit),
        audit=product.audit,
        accounts=product.accounts,
        enabled=product.accept.accounts,
        dependents=dependents or {},
        capabilities=capabilities,
        windows=CheckWindows(product.messages, capabilities, product.clock),
        templates=CodeTemplates(
            product.fill_template(capabilities),
            lambda channel: product.catalogue if capabilities[channel].has_templates else None,
            product.secrets,
            capabilities,
        ),
        connector=lambda _channel: product.connector,
        secrets=product.secrets,
        breakers=product.breakers,
        limiter=limiter or NoLimits(),
        clock=product.clock,
        new_id=product.ids,
        new_code=codes or Codes(),
        fingerprint=keyed,
    )
