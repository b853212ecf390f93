"""Exports in memory."""

from msgspec.structs import replace

from chat4all.domain.exports import Export


class MemoryExports:
    def __init__(self) -> None:
        self.exports: dict[str, Export] = {}
        self.due_at: dict[str, str] = {}
        self.stopped: set[str] = set()
        self.claims: dict[tuple[str, str], int] = {}

    def add(self, export: Export, due_at: str) -> None:
        self.exports[export.export_id] = export
        self.due_at[export.export_id] = due_at

    def get(self, export_id: str) -> Export | None:
        return self.exports.get(export_id)

    def of_user(self, user_id: str) -> list[Export]:
        found = [export for export in self.exports.values() if export.user_id == user_id]
        return sorted(found, key=lambda export: export.created_at, reverse=True)

    def save(self, export: Export, zips: int, due_at: str | None) -> bool:
        if export.export_id in self.stopped or len(self.exports[export.export_id].zips) != zips:
            return False
        self.exports[export.export_id] = export
        self.due_at.pop(export.export_id, None)
        if due_at is not None:
            self.due_at[export.export_id] = due_at
        return True

    def stop(self, export: Export, at: str) -> None:
        self.exports[export.export_id] = replace(export, finished_at=export.finished_at or at, expires_at=at)
        self.due_at.pop(export.export_id, None)
        self.stopped.add(export.export_id)

    def claim_file(self, export: Export, file_id: str) -> bool:
        number = len(export.zips)
        return self.claims.setdefault((export.export_id, file_id), number) == number

    def due(self, now: str, limit: int) -> list[Export]:
        return [self.exports[name] for name, at in sorted(self.due_at.items()) if at <= now][:limit]

    def postpone(self, export: Export, due_at: str) -> None:
        if export.export_id in self.due_at:
            self.due_at[export.export_id] = due_at
