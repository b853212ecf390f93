"""The report of MiniStack's journal, and what it means for the user."""

import msgspec
import urllib3

from chat4all_local.cloud.state import Component

NOT_SAVED_CODE = 74
"""MiniStack's exit code if it could not save its last changes."""


class JournalReport(msgspec.Struct, frozen=True):
    """What MiniStack recovered at its start, and whether it can store changes now.

    `replayed` changes of `services` were recovered in `seconds`. `was_stopped` says whether the run before
    ended with a clean stop. `cut` names the bytes that were not whole. `problem` says why changes cannot be
    stored now.
    """

    replayed: int = 0
    services: tuple[str, ...] = ()
    seconds: float = 0.0
    was_stopped: bool = True
    cut: str = ""
    problem: str = ""

    @property
    def recovery(self) -> str:
        """What was recovered after a run that did not end with a clean stop; empty after a clean stop."""
        if self.was_stopped and not self.cut:
            return ""
        count = f"{self.replayed:,} changes of {len(self.services)} services"
        cut = f"; the journal was damaged: {self.cut}" if self.cut else ""
        return f"replayed {count} in {self.seconds:.1f} s{cut}"


def journal_report(component: Component) -> JournalReport:
    """Return the report of the component; an empty report if it has no journal, or does not answer."""
    if not component.journal_url:
        return JournalReport()
    try:
        answer = urllib3.request("GET", component.journal_url, timeout=2.0, retries=False)
        report = msgspec.json.decode(answer.data, type=JournalReport)
    except (urllib3.exceptions.HTTPError, msgspec.MsgspecError):
        return JournalReport()
    return report if answer.status == 200 else JournalReport()


def unsaved_by(exit_code: int | None) -> str:
    """Say what a MiniStack that ended with the code did not save; empty if it saved everything."""
    if exit_code == 0:
        return ""
    if exit_code == NOT_SAVED_CODE:
        return "the last changes, which were not answered, could not be stored: see logs/ministack.log"
    return "MiniStack was killed; what it had answered is stored, but not its last logs and metrics"
