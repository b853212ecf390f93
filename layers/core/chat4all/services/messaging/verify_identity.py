"""Verify an identity: send a one-time code to its address, and take the code that the person read.

::

    identity ── the user has it, it is a person's, and they take messages there
       │
    content ── a text, or a template of the account where the person's window is closed
       │
    limits ── codes for the identity, codes of our account, and the provider's own rate
       │
    begin ── the code's hash is stored; the former code ends
       │
    send ── one request to the provider, while the client waits; a code that was not sent ends

The code goes through no queue. A queue would keep it in its records, in its dead letters and for a week in a
stream; and a channel that is down would let it arrive when it has long ended. So the provider is asked at
once, and what it refuses is the answer to the client. Nothing logs or stores the code.

The case that breaks a naive order: the process dies after `send`. The code is stored by then, so that the
person may enter it, but the client has no id for it. The client asks again, and the person gets a new code.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from math import ceil
from typing import Final

import msgspec

from chat4all.domain.account import own_name
from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.breaker import Circuit
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.consent import opted_out
from chat4all.domain.content import Text
from chat4all.domain.errors import (
    AccountDisabled,
    Chat4AllError,
    CodeNotSent,
    CodeOver,
    CodeWrong,
    Conflict,
    Detail,
    IdentityNotFound,
    OptedOut,
    Throttled,
    Unavailable,
    VerificationNotFound,
)
from chat4all.domain.events import Route
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.kinds import Template
from chat4all.domain.person import Identity, User
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome, SendError, Sent, Submission
from chat4all.domain.verification import (
    MOST_TRIES,
    PAUSE,
    VALID_FOR,
    NewCode,
    SentCode,
    Verification,
    begun,
    delivery_id_of,
    failed,
    halves_of,
    hashed,
    identity_of,
    is_open,
    matches,
    subject_of,
    text_of,
    verification_id,
    wait_of,
)
from chat4all.services.access.ports import Audit
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.accounts.ports import Accounts
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory, Verifications
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.code_template import CodeTemplates, TemplateName
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Breakers, Limiter, Secrets
from chat4all.services.messaging.present_credentials import with_present

_TRIES: Final = 5
_SALT_BYTES: Final = 16
_PAUSE_S: Final = int(PAUSE.total_seconds())

ConnectorOf = Callable[[str], Connector]
"""channel -> its connector."""


class CodeWanted(msgspec.Struct, frozen=True):
    """A request for a code; without `account`, the user's first identity with the address is meant.

    `wording` is the text of the message, with `{code}` once. `template` names a template of the account for
    codes, which is sent whether or not the window is open.
    """

    user_id: str
    channel: str
    address: str
    account: str | None = None
    wording: str | None = None
    template: TemplateName | None = None


class CodeSent(msgspec.Struct, frozen=True):
    verification_id: str
    expires_at: str


class Confirmed(msgspec.Struct, frozen=True):
    """The user who has the verified identity: after a merge, the kept user."""

    user_id: str
    identity: Identity


class VerifyIdentity:
    def __init__(
        self,
        *,
        directory: Directory,
        verifications: Verifications,
        audit: Audit,
        accounts: Accounts,
        enabled: EnabledAccounts,
        dependents: Mapping[str, str],
        capabilities: Mapping[str, Capabilities],
        windows: CheckWindows,
        templates: CodeTemplates,
        connector: ConnectorOf,
        secrets: Secrets,
        breakers: Breakers,
        limiter: Limiter,
        clock: Clock,
        new_id: NewId,
        new_code: NewCode,
        fingerprint: Fingerprint,
    ) -> None:
        """`dependents` is as in `EnabledAccounts`. An account whose id begins so is somebody's own app."""
        self._directory = directory
        self._verifications = verifications
        self._audit = audit
        self._accounts = accounts
        self._enabled = enabled
        self._dependents = dependents
        self._capabilities = capabilities
        self._windows = windows
        self._templates = templates
        self._connector = connector
        self._secrets = secrets
        self._breakers = breakers
        self._limiter = limiter
        self._clock = clock
        self._new_id = new_id
        self._new_code = new_code
        self._fingerprint = fingerprint

    def send(self, wanted: CodeWanted, actor: str) -> CodeSent:
        """Send a code to the identity; it ends the former code. `actor` is the id of an API key.

        Raises:
            IdentityNotFound: the user does not have the identity, or there is no such user.
            Invalid: the address is not valid.
            NotPossible: the address is a group's, the person does not want messages there, the window is
                closed, the template or the account cannot be used, or the provider refuses the code.
            Throttled: there were too many codes for the identity, or from our account.
            Unavailable: AWS or the provider did not answer, or the account's circuit is open.
        """
        user, identity = self._known(wanted)
        self._require_possible(user, identity)
        subject = subject_of(self._fingerprint, identity.place)
        before = self._verifications.get(subject)
        self._require_time(before, self._clock())
        code = self._new_code()
        content = self._content(wanted, user, identity, code)
        now = self._clock()
        self._take_tokens(identity, now)
        new = begun(user, identity, before, SentCode(self._new_name(), iso(now)), _salted(code))
        if not self._verifications.begin(subject, new, before):
            self._require_time(self._verifications.get(subject), now)
            raise Unavailable("Another request sends a code to this identity; try again.", retry_after=1)
        id_ = verification_id(subject, new.name)
        try:
            self._audit.record(self._entry(AuditAction.IDENTITY_VERIFY, user, identity, new.name, actor))
            answer = self._ask(user, identity, content, new)
        except Unavailable:
            self._verifications.end(subject, failed(new, counts=False))
            raise
        if isinstance(answer, SendError):
            counts = answer.outcome in {Outcome.PERMANENT, Outcome.UNREACHABLE, Outcome.ADDRESS_CHANGED}
            self._verifications.end(subject, failed(new, counts=counts))
            raise _refusal(answer, identity)
        return CodeSent(id_, new.expires_at)

    def confirm(self, id_: str, code: str, actor: str) -> Confirmed:
        """Take the code that the person entered, of six ASCII digits. A confirmed code may come again.

        Each try is counted before the code is compared, so that tries at once are no more than one by one.

        Raises:
            VerificationNotFound: no such code was sent lately.
            CodeWrong: the code is another one.
            CodeOver: the code has ended, or the user does not have the identity any more.
            Conflict: the user is changing too quickly.
            Unavailable: AWS did not answer.
        """
        subject, name = halves_of(id_)
        known = self._verifications.get(subject)
        if known is None or all(sent.name != name for sent in known.codes):
            raise VerificationNotFound("No such code was sent in the last hour.")
        if known.name != name:
            raise _over("was replaced by a newer code")
        if not is_open(known, self._clock()):
            raise _over("has expired")
        tried = self._verifications.count_try(subject, name)
        if tried is None:
            raise _over("has no tries left")
        if not matches(code, tried.hash):
            left = MOST_TRIES - tried.tries
            raise CodeWrong("The code is wrong.", Detail("code", f"is wrong; {left} tries are left"))
        return self._confirmed(subject, tried, actor)

    def _confirmed(self, subject: str, code: Verification, actor: str) -> Confirmed:
        for _ in range(_TRIES):
            user = holder_of(self._directory, code.user_id)
            identity = self._of_code(user, subject, code)
            if user is None or identity is None:
                raise _over("is of an identity that the user no longer has")
            if code.confirmed_at is not None:
                return Confirmed(user.user_id, identity)
            entry = self._entry(AuditAction.IDENTITY_CONFIRM, user, identity, code.name, actor)
            if self._verifications.confirm(subject, code, user, identity, entry):
                verified = msgspec.structs.replace(identity, verified_at=entry.at)
                return Confirmed(user.user_id, verified)
            present = self._verifications.get(subject)
            if present is None or present.name != code.name:
                raise _over("was replaced by a newer code")
            code = present
        raise Conflict("The user is changing too quickly; try again.")

    def _of_code(self, user: User | None, subject: str, code: Verification) -> Identity | None:
        return identity_of(self._fingerprint, user, subject, code.linked_at) if user is not None else None

    def _known(self, wanted: CodeWanted) -> tuple[User, Identity]:
        """Return the identity and who has it. Who asks for somebody else's learns nothing of them."""
        address = self._connector(wanted.channel).canonical_address(wanted.address)
        user = holder_of(self._directory, wanted.user_id)
        for known in user.identities if user is not None else ():
            is_there = (known.channel, known.address) == (wanted.channel, address)
            if user is not None and is_there and wanted.account in {None, known.account}:
                return user, known
        raise IdentityNotFound("The user has no such identity.")

    def _require_possible(self, user: User, identity: Identity) -> None:
        channel, account = identity.channel, identity.account
        if self._capabilities[channel].is_group(identity.address):
            raise CodeNotSent("A group cannot be verified.", Detail("address", "is a group's"))
        borrowed = self._dependents.get(channel)
        if borrowed and own_name(account).startswith(borrowed):
            raise CodeNotSent(
                "The code would stand in the history of the account's own app.",
                Detail("account", f"{account} sends in the name of somebody's own app"),
            )
        consent = opted_out(user, channel, Purpose.SERVICE)
        if consent is not None:
            raise OptedOut(
                "The person wants no messages on this channel.",
                Detail("user_id", f"opted out of every message on {channel} since {consent.at}"),
            )
        obstacle = self._enabled.exact()(user, Route(*identity.place), Text(""))
        if obstacle is not None:
            raise AccountDisabled(obstacle.message, Detail("account", obstacle.reason))

    def _content(self, wanted: CodeWanted, user: User, identity: Identity, code: str) -> Text | Template:
        channel, account = identity.channel, identity.account
        if wanted.template is not None:
            return self._templates.named(wanted.template, channel, account, code)
        closed = self._windows.exact(None)(user, Route(*identity.place), Text(""))
        if closed is not None:
            return self._templates.instead(closed, channel, account, code)
        known = self._accounts.read(channel).accounts.get(account) if wanted.wording is None else None
        return Text(text_of(code, wanted.wording, known.name if known is not None else None))

    def _require_time(self, before: Verification | None, now: datetime) -> None:
        wait = wait_of(before, now)
        if wait is not None:
            raise Throttled(
                "Too many codes were sent to this identity.", retry_after=ceil(wait.total_seconds())
            )

    def _take_tokens(self, identity: Identity, now: datetime) -> None:
        """Take a token of the provider's rate, and a code of the account's hour."""
        channel, account = identity.channel, identity.account
        if self._breakers.get_many({channel: (account,)})[channel][account].circuit is not Circuit.CLOSED:
            raise Unavailable(f"The account {account} of {channel} sends nothing now.", retry_after=_PAUSE_S)
        wait_s = self._limiter.account_wait_s(channel, account, now.timestamp())
        if wait_s > 0:
            raise Throttled("The provider's rate limit is used up.", retry_after=ceil(wait_s))
        if not self._verifications.count_of_account(channel, account, now):
            raise Throttled(
                f"Too many codes left from the account {account} of {channel}.",
                retry_after=3600 - now.minute * 60 - now.second,
            )

    def _ask(
        self, user: User, identity: Identity, content: Text | Template, new: Verification
    ) -> Sent | SendError:
        channel, account = identity.channel, identity.account
        submission = Submission(
            delivery_id=str(delivery_id_of(new.name, user.user_id)),
            account=account,
            address=identity.address,
            content=content,
            valid_for=VALID_FOR,
        )
        secret = self._secrets.of(channel, account)
        if isinstance(secret, SendError):
            return secret
        ask = partial(self._connector(channel).send, submission)
        first = ask(secret)
        refusal = first if isinstance(first, SendError) else None
        return with_present(self._secrets, channel, account, first, secret=secret, refusal=refusal, ask=ask)

    def _new_name(self) -> str:
        return self._new_id().replace("-", "")

    def _entry(
        self, action: AuditAction, user: User, identity: Identity, name: str, actor: str
    ) -> AuditEntry:
        details = {"channel": identity.channel, "account": identity.account, "verification": name}
        at = iso(self._clock())
        return AuditEntry(self._new_id(), at, action, f"user:{user.user_id}", actor, details)


def _salted(code: str) -> str:
    return hashed(code, secrets.token_bytes(_SALT_BYTES))


def _over(why: str) -> CodeOver:
    return CodeOver("The code has ended; send a new one.", Detail("verification_id", why))


def _refusal(error: SendError, identity: Identity) -> Chat4AllError:
    """Return the provider's refusal, or its silence, as the answer to the client."""
    match error.outcome:
        case Outcome.THROTTLED:
            return Throttled(error.reason, retry_after=ceil(max(error.retry_after_s or 0, _PAUSE_S)))
        case Outcome.RETRY | Outcome.CHANNEL_PAUSED:
            return Unavailable(error.reason, retry_after=_PAUSE_S)
        case _:
            return CodeNotSent(error.reason, Detail("address", f"{identity.channel} refused: {error.code}"))
