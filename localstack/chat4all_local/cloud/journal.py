"""The report of MiniStack's journal, and what it means for the user."""

import msgspec
import urllib3

_PATH = "/_ministack/journal"
NOT_SAVED_CODE = 74
"""MiniStack's exit code if it could not save its last changes."""


class JournalReport(msgspec.Struct, frozen=True):
    """What MiniStack recovered at its start, and whether it can store changes now.

    `replayed` changes of `services` were recovered in `seconds`. `was_stopped` says whether the run before
    ended with a clean stop. `cut` says what was not whole. `problem` says why changes cannot be stored now,
    and `unsaved` is the number of changes that are not stored yet.
    """

    replayed: int = 0
    services: tuple[str, ...] = ()
    seconds: float = 0.0
    was_stopped: bool = True
    cut: str = ""
    problem: str = ""
    unsaved: int = 0

    @property
    def recovery(self) -> str:
        """What was recovered after a run that did not end with a clean stop; empty after a clean stop."""
        if self.was_stopped and not self.cut:
            return ""
        count = f"{self.replayed:,} changes of {len(self.services)} services"
        cut = f"; the journal was damaged: {self.cut}" if self.cut else ""
        return f"replayed {count} in {self.seconds:.1f} s{cut}"


def journal_report(ministack: str) -> JournalReport | None:
    """Return the report of the MiniStack at the URL; None if it does not answer."""
    try:
        answer = urllib3.request("GET", f"{ministack}{_PATH}", timeout=2.0, retries=False)
        return msgspec.json.decode(answer.data, type=JournalReport) if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, msgspec.MsgspecError):
        return None


def unsaved_by(exit_code: int | None) -> str:
    """Say what a MiniStack that ended with the code did not save; empty if it saved everything."""
    if exit_code == 0:
        return ""
    if exit_code == NOT_SAVED_CODE:
        return "the last changes, which were not answered, could not be stored: see logs/ministack.log"
    return "MiniStack was killed; what it had answered is stored, but not its last logs and metrics"
