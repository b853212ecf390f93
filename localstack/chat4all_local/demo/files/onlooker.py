"""The onlooker: it reads transcripts, histories and statuses, and finds the files that have arrived."""

from collections.abc import Mapping
from contextlib import suppress

from msgspec.structs import replace

from chat4all.entrypoints.http.message_views import MessageView, ProgressView
from chat4all_local.api_client import ApiClient, ApiUnreachable
from chat4all_local.demo.files.arrivals import file_name_in, link_in, received_files
from chat4all_local.demo.files.observed import FilesObserved
from chat4all_local.demo.files.props import BACK, title_of
from chat4all_local.demo.files.readers import Readers
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.participants import AGENT_NAME, BY_CHANNEL
from chat4all_local.traffic.transcripts import is_taken

_UNDECIDED = ("PENDING", "SCANNING")


class Onlooker:
    """The observer of files. `texts` has been judged before: only later arrivals count."""

    def __init__(
        self,
        api: ApiClient,
        simulators: Mapping[str, Simulator],
        stage: Stage,
        texts: Observed,
        readers: Readers,
    ) -> None:
        self._api = api
        self._simulators = simulators
        self._stage = stage
        self._readers = readers
        self._last_n = {
            channel: max((record.n for record in texts.provided.get(channel, ())), default=0)
            for channel in simulators
        }
        self._last_sequence = {
            conversation: max(
                (message.sequence for message in texts.histories.get(conversation, ())), default=""
            )
            for conversation in stage.conversations
        }
        self._observed = Observed()

    def look(self, sent: FilesSent) -> FilesObserved:
        """Update the observations. A read without an answer is repeated at the next look. Raises ApiError."""
        self._look_at_providers(sent)
        with suppress(ApiUnreachable):
            self._look_at_statuses(sent)
            if not received_files(sent, self._observed):
                self._look_at_histories(sent.sender.channel)
            self._look_at_received(sent)
        return FilesObserved(self._observed, self._readers.contents())

    def look_at_everything(self, sent: FilesSent) -> FilesObserved:
        """Read everything at the end, so that late and duplicate arrivals are observed.

        Raises ApiError, ApiUnreachable.
        """
        self._look_at_histories(*self._stage.conversations)
        return self.look(sent)

    def _look_at_providers(self, sent: FilesSent) -> None:
        self._observed = replace(
            self._observed, provided={channel: self._provided(channel) for channel in sent.channels}
        )
        for channel in sent.channels:
            for record in self._observed.provided[channel]:
                name, link = file_name_in(record, channel), link_in(record)
                if name is not None and link is not None and not self._readers.knows(link):
                    title = f"{name} to {BY_CHANNEL[channel].name}"
                    self._readers.read(link, link, title, sent.made[name].size)

    def _provided(self, channel: str) -> tuple[SendRecord, ...]:
        """Read all records again: a provider may add a file to a record after its answer."""
        requests = self._simulators[channel].transcript(after=self._last_n[channel]).requests
        return tuple(send for send in requests if is_taken(send))

    def _look_at_statuses(self, sent: FilesSent) -> None:
        """Read the statuses of the messages that have not reached their last status."""
        for (_, channel), accepted in sent.accepted.items():
            message_id = accepted.message_id
            if not self._observed.has_come(message_id, channel, BY_CHANNEL[channel].final_status):
                status: ProgressView = self._api.message_status(message_id)
                self._observed = replace(
                    self._observed, statuses={**self._observed.statuses, message_id: status}
                )

    def _look_at_histories(self, *conversations: str) -> None:
        new = {conversation: self._history(conversation) for conversation in conversations}
        self._observed = replace(self._observed, histories={**self._observed.histories, **new})

    def _history(self, conversation: str) -> tuple[MessageView, ...]:
        newest_first = self._api.history(self._stage.conversations[conversation])
        new = [message for message in newest_first if message.sequence > self._last_sequence[conversation]]
        return tuple(new)[::-1]

    def _look_at_received(self, sent: FilesSent) -> None:
        """Let the agent fetch the received files that have been inspected."""
        for file_id in received_files(sent, self._observed):
            if self._readers.knows(file_id):
                continue
            status = self._api.file(file_id).status
            if status == "READY":
                link = self._api.file_link(file_id)
                title = f"{title_of(BACK, sent.sender.channel)} to {AGENT_NAME}"
                self._readers.read(file_id, link.url, title, link.size, sha256=link.sha256)
            elif status not in _UNDECIDED:
                self._readers.refused(file_id)
