"""Create a batch: store its recipients in chunks, then begin.

::

    add ── the batch, by a conditional write; it is not ready
      │
    add_chunks ── 100 recipients in a row
      │
    make_ready ── from here on the batch is listed, and `relay` finds it
      │
    send ── its first record in the queue `batches`; or, with `send_at`, `relay` sends it at that time

The case that breaks it: the process dies before the batch is ready. The client received no 202 and repeats
the POST, which finds the batch with the same fingerprint and stores the same chunks again. Another body under
the same id writes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.batches import Batch, BatchContent, BatchRecipient, BatchState, BatchWork, chunks_of
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import C, attachments_of
from chat4all.domain.errors import Conflict, Detail, Invalid, UnknownUser
from chat4all.domain.files.file import Attachment
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import Template
from chat4all.domain.scheduling import check_send_at
from chat4all.domain.templates import purpose_with
from chat4all.domain.variables import filled, names_in
from chat4all.domain.wording import worded
from chat4all.services.batches.ports import Batches, BatchQueue
from chat4all.services.directory.ports import Directory
from chat4all.services.messaging.fill_template import FillTemplate

WATCHED: Final = timedelta(minutes=10)
"""`relay` begins the work of a running batch anew so often, in case its record was lost."""
MOST_DETAILS: Final = 20


class CreatedBatch(msgspec.Struct, frozen=True):
    """A batch. `replayed`: the same batch was created before."""

    batch: Batch
    replayed: bool


class CreateBatch:
    def __init__(
        self,
        batches: Batches,
        queue: BatchQueue,
        directory: Directory,
        fill_template: FillTemplate,
        clock: Clock,
    ) -> None:
        self._batches = batches
        self._queue = queue
        self._directory = directory
        self._fill_template = fill_template
        self._clock = clock

    def __call__(self, batch: Batch, recipients: Sequence[BatchRecipient]) -> CreatedBatch:
        """Create the batch, unless it exists.

        Raises:
            Invalid: a recipient is named twice or lacks a variable, a text is not valid, the sender is
                unknown, or `send_at` is past or over 365 days ahead.
            Conflict: the id belongs to another batch.
            TemplateNotUsable: no account of ours has the template, or it cannot be sent now.
            TemplateMismatch: the values of the first recipient do not fit the template.
            Unavailable: AWS did not answer, or the template is not known and the provider does not answer;
                the same POST may be repeated.
        """
        stored = self._batches.get(batch.batch_id)
        if stored is None:
            batch = self._checked(batch, recipients)
            stored = self._batches.add(batch)
        if stored is not None and stored.fingerprint != batch.fingerprint:
            raise Conflict(
                "This batch_id belongs to another batch; use a new id.",
                Detail("batch_id", "was used with another body"),
            )
        batch = stored or batch
        if not batch.is_ready:
            self._batches.add_chunks(batch.batch_id, chunks_of(recipients))
            self._batches.make_ready(batch, batch.send_at or iso(self._clock() + WATCHED))
        if batch.send_at is None and batch.started_at is None and batch.state is BatchState.RUNNING:
            self._queue.send(BatchWork(batch.batch_id, at=batch.created_at))
        return CreatedBatch(batch, replayed=stored is not None and stored.is_ready)

    def file_of_batch(self, batch_id: str, file_id: str) -> Attachment | None:
        """Return a file of a batch that was created before."""
        stored = self._batches.get(batch_id)
        files = attachments_of(stored.content) if stored is not None else ()
        return next((file for file in files if file.file_id == file_id), None)

    def _checked(self, batch: Batch, recipients: Sequence[BatchRecipient]) -> Batch:
        """Return the batch, for marketing if its template is; raise what is wrong with it."""
        if batch.send_at is not None:
            check_send_at(batch.send_at, self._clock())
        names = names_in(batch.content)
        details = [*_twice(recipients), *_lacking(recipients, names)]
        if details:
            raise Invalid("The recipients are not valid.", *details[:MOST_DETAILS])
        if names:
            _check_contents(batch.content, recipients, names)
        if self._directory.get(batch.sender_id) is None:
            raise UnknownUser("The sender is no known user.", Detail("sender_id", "is not a known user"))
        content = content_for(batch.content, recipients[0].variables)
        if not isinstance(content, Template):
            return batch
        purpose = purpose_with([self._fill_template.somewhere(content)], batch.purpose)
        return msgspec.structs.replace(batch, purpose=purpose)


def content_for(content: C, variables: Mapping[str, str]) -> C:
    """Return the content with the words of a recipient."""
    return worded(filled(content, variables))


def _twice(recipients: Sequence[BatchRecipient]) -> list[Detail]:
    first: dict[str, int] = {}
    return [
        Detail(f"recipients[{index}]", f"is the same as recipients[{first[recipient.name]}]")
        for index, recipient in enumerate(recipients)
        if first.setdefault(recipient.name, index) != index
    ]


def _lacking(recipients: Sequence[BatchRecipient], names: Mapping[str, Sequence[str]]) -> list[Detail]:
    needed = list(dict.fromkeys(name for of_field in names.values() for name in of_field))
    return [
        Detail(f"recipients[{index}].variables", f"lacks {', '.join(lacking)}")
        for index, recipient in enumerate(recipients)
        if (lacking := [name for name in needed if name not in recipient.variables])
    ]


def _check_contents(
    content: BatchContent, recipients: Sequence[BatchRecipient], names: Mapping[str, Sequence[str]]
) -> None:
    """Raise Invalid if the content with the words of a recipient is not valid.

    A field without variables has its issue once.
    """
    details: dict[Detail, None] = {}
    for index, recipient in enumerate(recipients):
        try:
            checked(filled(content, recipient.variables))
        except Invalid as error:
            for detail in error.details:
                if any(field.startswith(detail.field) for field in names):
                    words = f"make {detail.field} wrong: it {detail.issue}"
                    details[Detail(f"recipients[{index}].variables", words)] = None
                else:
                    details[detail] = None
            if len(details) >= MOST_DETAILS:
                break
    if details:
        raise Invalid("The content of a recipient is not valid.", *list(details)[:MOST_DETAILS])


def is_begun_later(batch: Batch, now: datetime) -> bool:
    """Return whether the batch waits for its `send_at`."""
    return batch.send_at is not None and batch.send_at > iso(now)
