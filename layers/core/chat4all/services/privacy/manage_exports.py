"""Begin the export of everything about a person, and read how far it is."""

from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.errors import ExportNotFound, UserNotFound
from chat4all.domain.exports import WATCHED, Export, ExportState
from chat4all.domain.privacy_work import ExportWork
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory
from chat4all.services.privacy.export_ports import Exports
from chat4all.services.privacy.ports import PrivacyQueue


class ManageExports:
    def __init__(
        self, exports: Exports, directory: Directory, queue: PrivacyQueue, clock: Clock, new_id: NewId
    ) -> None:
        self._exports = exports
        self._directory = directory
        self._queue = queue
        self._clock = clock
        self._new_id = new_id

    def begin(self, user_id: str) -> Export:
        """Begin an export of the person, or return the one that is running; raises UserNotFound.

        The export of a user who was merged is that of the user who is kept, with all that was merged.
        """
        user = holder_of(self._directory, user_id)
        if user is None:
            raise UserNotFound("There is no such user.")
        now = self._clock()
        running = (
            export
            for export in self._exports.of_user(user.user_id)
            if export.state(iso(now)) is ExportState.RUNNING and export.user_ids == user.ids
        )
        export = next(running, None)
        if export is None:
            export = Export(self._new_id(), user.user_id, user.ids, iso(now))
            self._exports.add(export, iso(now + WATCHED))
        self._queue.send(ExportWork(export.export_id, export.user_id, iso(now)))
        return export

    def get(self, export_id: str) -> Export:
        """Return the export; raises ExportNotFound, also when it was forgotten."""
        export = self._exports.get(export_id)
        if export is None or export.known_until <= self._clock().timestamp():
            raise ExportNotFound("There is no such export.")
        return export

    def state(self, export: Export) -> ExportState:
        return export.state(iso(self._clock()))
