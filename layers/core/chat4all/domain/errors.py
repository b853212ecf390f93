"""The errors with which Chat4All refuses a request: a branch for each HTTP status, a leaf for each code.

::

    Chat4AllError
    ├── Invalid            400  a value that can never be accepted
    │   └── UnknownUser
    ├── Unauthenticated    401  no key, an unknown key, a wrong signature
    │   └── InvalidSignature
    ├── Forbidden          403  a key whose scope, or a sender whose role, does not allow it
    │   └── MissingScope, NotAParticipant, NotYourFile, NotYourMessage, InvalidVerifyToken
    ├── NotFound           404
    │   └── MessageNotFound, BatchNotFound, DeadLetterNotFound, FileNotFound, LinkNotFound,
    │       ConversationNotFound, UserNotFound, IdentityNotFound, ChannelNotFound, AccountNotFound,
    │       ParticipantNotFound, WebhookNotFound, TemplateNotFound, NoteNotFound, RebuildNotFound,
    │       VerificationNotFound, ErasureNotFound, RetentionNotSet, ExportNotFound
    ├── Conflict           409  the id is already in use, or the state forbids the request
    │   └── NotFailed, NotScheduled, BatchOver, MessageChanged, MessageDeleted, FileNotReady, FileRefused,
    │       FileGone, FileComplete, FileAborted, FileExpired, UploadGone, PartsMissing, PartsWrong,
    │       ConversationArchived, IdentityInUse, GroupFull, GroupTooSmall, NotAGroup, TooManyIdentities,
    │       ConsentWithdrawn, AccountEnabled, AccountDiffers, TooManyAccounts, UserMerged, UserNotMerged,
    │       CannotMerge, ConversationJoined, SamePerson, DeskChanged, HumanInControl, CodeOver,
    │       SearchOff, RebuildRunning, UserErased, CannotErase
    ├── TooLarge           413
    ├── UnsupportedMedia   415
    ├── NotPossible        422  well-formed, but not possible on this channel
    │   └── NoIdentity, FileNotPossible, KindNotPossible, NoRecipient, RecipientLeft, WindowClosed,
    │       TagNotPossible, OptedOut, AccountDisabled, CredentialsRefused, ActNotPossible,
    │       TemplateNotUsable, TemplateMismatch, TemplateRefused, CodeNotSent, CodeWrong,
    │       IdentityNotVerified
    ├── Throttled          429  try again after `retry_after` seconds
    └── Unavailable        503  nothing was accepted; try again after `retry_after` seconds

A route names the errors that it can answer with. The API's description repeats the docstring of each error.

The answer of a provider is not an exception but a value: `chat4all.domain.sending.SendError`.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """An issue with a field; `field` is a path such as `participants[2]`."""

    field: str
    issue: str


class Chat4AllError(Exception):
    """An unexpected failure of Chat4All, logged under the trace id.

    This class is the root of the tree. The API answers with `http_status` and `code`.
    """

    http_status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *details: Detail, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after


class Invalid(Chat4AllError):
    """A value is not valid; the details name the field."""

    http_status = 400
    code = "VALIDATION_ERROR"


class UnknownUser(Invalid):
    """A participant is no user of this system."""

    code = "UNKNOWN_USER"


class Unauthenticated(Chat4AllError):
    """The key is missing, unknown or disabled."""

    http_status = 401
    code = "UNAUTHENTICATED"


class InvalidSignature(Unauthenticated):
    """The webhook's signature is missing or wrong."""

    code = "INVALID_SIGNATURE"


class Forbidden(Chat4AllError):
    """The key or the sender may not do this."""

    http_status = 403
    code = "FORBIDDEN"


class MissingScope(Forbidden):
    """The key lacks the scope that the endpoint needs."""

    code = "MISSING_SCOPE"


class NotAParticipant(Forbidden):
    """The user takes no part in the conversation."""

    code = "NOT_A_PARTICIPANT"


class NotYourFile(Forbidden):
    """The file belongs to another key or another conversation."""

    code = "NOT_YOUR_FILE"


class NotYourMessage(Forbidden):
    """Another user sent the message."""

    code = "NOT_YOUR_MESSAGE"


class InvalidVerifyToken(Forbidden):
    """The verify token is not the channel's."""

    code = "INVALID_VERIFY_TOKEN"


class NotFound(Chat4AllError):
    """There is nothing of this name."""

    http_status = 404
    code = "NOT_FOUND"


class MessageNotFound(NotFound):
    """There is no such message."""

    code = "MESSAGE_NOT_FOUND"


class WebhookNotFound(NotFound):
    """There is no such stored webhook, or it has expired."""

    code = "WEBHOOK_NOT_FOUND"


class BatchNotFound(NotFound):
    """There is no such batch."""

    code = "BATCH_NOT_FOUND"


class DeadLetterNotFound(NotFound):
    """There is no such dead letter."""

    code = "DEAD_LETTER_NOT_FOUND"


class FileNotFound(NotFound):
    """There is no such file."""

    code = "FILE_NOT_FOUND"


class LinkNotFound(NotFound):
    """The link is wrong, or has expired."""

    code = "LINK_NOT_FOUND"


class ConversationNotFound(NotFound):
    """There is no such conversation."""

    code = "CONVERSATION_NOT_FOUND"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "USER_NOT_FOUND"


class IdentityNotFound(NotFound):
    """Nobody has this identity."""

    code = "IDENTITY_NOT_FOUND"


class ChannelNotFound(NotFound):
    """There is no such channel."""

    code = "CHANNEL_NOT_FOUND"


class AccountNotFound(NotFound):
    """The channel has no such account."""

    code = "ACCOUNT_NOT_FOUND"


class ParticipantNotFound(NotFound):
    """The user to remove takes no part in the conversation."""

    code = "NOT_A_PARTICIPANT"


class TemplateNotFound(NotFound):
    """The account has no such template."""

    code = "TEMPLATE_NOT_FOUND"


class ErasureNotFound(NotFound):
    """There is no such erasure."""

    code = "ERASURE_NOT_FOUND"


class NoteNotFound(NotFound):
    """There is no such note on the conversation."""

    code = "NOTE_NOT_FOUND"


class VerificationNotFound(NotFound):
    """No such code was sent in the last hour."""

    code = "VERIFICATION_NOT_FOUND"


class RetentionNotSet(NotFound):
    """Nobody has set for how long messages are kept: they are kept without limit."""

    code = "RETENTION_NOT_SET"


class ExportNotFound(NotFound):
    """There is no such export, or it was removed long ago."""

    code = "EXPORT_NOT_FOUND"


class Conflict(Chat4AllError):
    """The id belongs to something else, or the state forbids it."""

    http_status = 409
    code = "CONFLICT"


class NotFailed(Conflict):
    """Nothing of the message failed."""

    code = "NOT_FAILED"


class MessageChanged(Conflict):
    """The message was changed after it was sent, and its failed parts hold words that no longer stand."""

    code = "MESSAGE_CHANGED"


class NotScheduled(Conflict):
    """The message is not scheduled: it was accepted already, or was refused at its time."""

    code = "NOT_SCHEDULED"


class BatchOver(Conflict):
    """The batch is done or cancelled, which is final."""

    code = "BATCH_OVER"


class FileNotReady(Conflict):
    """The file is not uploaded yet, or is being inspected."""

    code = "FILE_NOT_READY"


class FileRefused(Conflict):
    """The inspection refused the file."""

    code = "FILE_REFUSED"


class FileGone(Conflict):
    """The file was aborted, was deleted by its author, or has expired."""

    code = "FILE_GONE"


class FileComplete(Conflict):
    """The upload is complete already."""

    code = "FILE_COMPLETE"


class FileAborted(Conflict):
    """The upload was aborted."""

    code = "FILE_ABORTED"


class FileExpired(Conflict):
    """The upload was not completed in time."""

    code = "FILE_EXPIRED"


class UploadGone(Conflict):
    """The upload is being completed, or was removed."""

    code = "UPLOAD_GONE"


class PartsMissing(Conflict):
    """Parts of the file are not stored yet; the details name them."""

    code = "PARTS_MISSING"


class PartsWrong(Conflict):
    """Stored parts have another length or content; the details name them."""

    code = "PARTS_WRONG"


class ConversationArchived(Conflict):
    """The conversation is archived."""

    code = "CONVERSATION_ARCHIVED"


class HumanInControl(Conflict):
    """A human has the conversation, and the sender is a bot."""

    code = "HUMAN_IN_CONTROL"


class DeskChanged(Conflict):
    """The attributes of the conversation at the desk are no longer at `if_version`."""

    code = "DESK_CHANGED"


class RebuildNotFound(NotFound):
    """The index of words was never built again."""

    code = "REBUILD_NOT_FOUND"


class SearchOff(Conflict):
    """The stack has no index of words: its parameter `SearchIndex` is `off`."""

    code = "SEARCH_OFF"


class RebuildRunning(Conflict):
    """The index of words is being built again already."""

    code = "REBUILD_RUNNING"


class IdentityInUse(Conflict):
    """The identity belongs to another user."""

    code = "IDENTITY_TAKEN"


class GroupFull(Conflict):
    """The group has as many participants as a group may have."""

    code = "GROUP_FULL"


class GroupTooSmall(Conflict):
    """A group keeps at least 3 participants."""

    code = "GROUP_TOO_SMALL"


class NotAGroup(Conflict):
    """A 1:1 conversation keeps its two participants."""

    code = "NOT_A_GROUP"


class TooManyIdentities(Conflict):
    """The user has as many identities as a user may have."""

    code = "TOO_MANY_IDENTITIES"


class ConsentWithdrawn(Conflict):
    """The person opted out; an opt-in in their name needs evidence."""

    code = "CONSENT_WITHDRAWN"


class AccountEnabled(Conflict):
    """Only a disabled account can be deleted, and never the channel's first account."""

    code = "ACCOUNT_ENABLED"


class AccountDiffers(Conflict):
    """The credentials are of an account that the channel has under another id."""

    code = "ACCOUNT_DIFFERS"


class TooManyAccounts(Conflict):
    """The channel has as many accounts as a channel may have."""

    code = "TOO_MANY_ACCOUNTS"


class UserMerged(Conflict):
    """The user is merged into another user, whom the details name."""

    code = "USER_MERGED"


class UserNotMerged(Conflict):
    """The user is not merged into another user."""

    code = "USER_NOT_MERGED"


class UserErased(Conflict):
    """The person was erased; nothing can be added to them."""

    code = "USER_ERASED"


class CannotErase(Conflict):
    """The user stands for no person."""

    code = "CANNOT_ERASE"


class CannotMerge(Conflict):
    """These two users cannot be merged; the details name the reason."""

    code = "CANNOT_MERGE"


class SamePerson(Conflict):
    """The two participants of the conversation, or two recipients of a batch, are one person by now."""

    code = "SAME_PERSON"


class ConversationJoined(Conflict):
    """The conversation goes on in another conversation, which the details name."""

    code = "CONVERSATION_JOINED"


class CodeOver(Conflict):
    """The code has expired, has no tries left, or was replaced; or the user no longer has the identity."""

    code = "CODE_OVER"


class MessageDeleted(Conflict):
    """The message was deleted."""

    code = "MESSAGE_DELETED"


class TemplateExists(Conflict):
    """The account has a template of this name and language, or deleted it not long ago."""

    code = "TEMPLATE_EXISTS"


class TooLarge(Chat4AllError):
    """The body is over 256 KiB; the body of a batch may have 4 MB."""

    http_status = 413
    code = "TOO_LARGE"


class UnsupportedMedia(Chat4AllError):
    """The body is of another type than application/json, which is assumed where none is named."""

    http_status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class NotPossible(Chat4AllError):
    """The request is well-formed, but not possible on this channel."""

    http_status = 422
    code = "NOT_POSSIBLE"


class NoIdentity(NotPossible):
    """A participant cannot be reached on this channel."""

    code = "NO_IDENTITY"


class FileNotPossible(NotPossible):
    """A channel takes no such file; the details name its limit."""

    code = "FILE_NOT_POSSIBLE"


class KindNotPossible(NotPossible):
    """A channel does not have this kind of content; the details name the channel and its limit."""

    code = "KIND_NOT_POSSIBLE"


class NoRecipient(NotPossible):
    """Nobody is left who is to read the message."""

    code = "NO_RECIPIENT"


class RecipientLeft(NotPossible):
    """The recipient takes part in the conversation no more."""

    code = "NOT_A_PARTICIPANT"


class WindowClosed(NotPossible):
    """The person wrote too long ago, or never; the details name recipient, channel and what is still taken.

    `places` are the channels and accounts of the closed windows.
    """

    code = "WINDOW_CLOSED"

    def __init__(self, message: str, *details: Detail, places: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message, *details)
        self.places = tuple(places)


class TagNotPossible(NotPossible):
    """A recipient is reached on channels without the tag only."""

    code = "TAG_NOT_POSSIBLE"


class OptedOut(NotPossible):
    """A recipient does not want messages of this purpose on the channel; the details name both."""

    code = "OPTED_OUT"


class AccountDisabled(NotPossible):
    """The account that the message would leave from is not enabled; the details name it."""

    code = "ACCOUNT_DISABLED"


class CredentialsRefused(NotPossible):
    """The provider refuses the credentials; the details have its code."""

    code = "CREDENTIALS_REFUSED"


class ActNotPossible(NotPossible):
    """No channel of the recipients can do this; the details name each channel with the reason."""

    code = "ACT_NOT_POSSIBLE"


class TemplateNotUsable(NotPossible):
    """The template is unknown, or is not approved; the details name its status and what would do."""

    code = "TEMPLATE_NOT_USABLE"


class TemplateMismatch(NotPossible):
    """The values do not fit the template; the details name the fields."""

    code = "TEMPLATE_MISMATCH"


class TemplateRefused(NotPossible):
    """The provider refused the template; the details have its reason."""

    code = "TEMPLATE_REFUSED"


class CodeNotSent(NotPossible):
    """The code cannot be sent to this identity; the details name the reason."""

    code = "CODE_NOT_SENT"


class CodeWrong(NotPossible):
    """The code is another one; the details name the tries that are left."""

    code = "CODE_WRONG"


class IdentityNotVerified(NotPossible):
    """The channel takes files for verified identities only; the details name the user and the channel."""

    code = "IDENTITY_NOT_VERIFIED"


class Throttled(Chat4AllError):
    """There were too many requests; repeat the request after `Retry-After` seconds."""

    http_status = 429
    code = "THROTTLED"


class Unavailable(Chat4AllError):
    """The request was not completed; repeat it with the same message_id, after `Retry-After` seconds."""

    http_status = 503
    code = "UNAVAILABLE"
