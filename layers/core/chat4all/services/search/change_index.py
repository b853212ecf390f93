"""Let the index follow what becomes of messages, people and notes."""

from collections.abc import Collection, Sequence

from chat4all.domain.search import Change, Document
from chat4all.services.search.ports import SearchIndex


class ChangeIndex:
    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def __call__(self, changes: Sequence[Change]) -> None:
        """List what is new, and forget what is gone. To do it again changes nothing.

        Raises:
            Unavailable: a part may be done; do it again.
        """
        self._index.add([change.after for change in changes if change.after and _is_new(change)])
        for change in changes:
            for was in (change.before, *change.between):
                if was is not None and (words := _words_gone(was, change.after)):
                    self._index.forget(was, words)


def _is_new(change: Change) -> bool:
    before, after, between = change
    if between or before is None or after is None:
        return True
    return (before.entry, before.words) != (after.entry, after.words)


def _words_gone(before: Document, after: Document | None) -> Collection[str]:
    """Return the words by which the document, as it was, is not found any more."""
    is_same = after is not None and after.entry == before.entry
    return before.words - after.words if is_same and after is not None else before.words
