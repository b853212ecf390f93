"""The targets of a replay: the router, a queue, or the terminal."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chat4all.domain.events import ChatEvent
from chat4all.services.recovery.replay_messages import Replayed
from chat4all_local.cloud.errors import CloudError
from chat4all_local.replay.reading import Read

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

TRIES: Final = 5
AT_A_TIME: Final = 100
"""Events in one invocation, whose payload may have 6 MB."""
_IN_A_BATCH: Final = 10
_DECODER: Final[msgspec.json.Decoder[ChatEvent]] = msgspec.json.Decoder(ChatEvent)


class Target(Protocol):
    def __call__(self, records: Sequence[Read]) -> Counter[str]:
        """Send the records, and return the number of records by result. Raises CloudError, ClientError."""
        ...


class Stuck(CloudError):
    """The replay cannot continue; `at` is the time of the first record that was not sent."""

    def __init__(self, what: str, at: datetime) -> None:
        super().__init__(what, f"continue with: --from {at.isoformat()}")


class _Answer(msgspec.Struct, frozen=True):
    replayed: list[Replayed]


class Router:
    """A target that invokes the router, which sends no message twice."""

    def __init__(
        self, client: "LambdaClient", function: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._function = function
        self._pause = pause

    def __call__(self, records: Sequence[Read]) -> Counter[str]:
        readable = [record for record in records if _is_event(record)]
        done = Counter({"unreadable": len(records) - len(readable)})
        for start in range(0, len(readable), AT_A_TIME):
            done.update(self._replay(readable[start : start + AT_A_TIME]))
        return done

    def _replay(self, records: list[Read]) -> Counter[str]:
        done: Counter[str] = Counter()
        for number in range(TRIES):
            outcomes = self._invoke(records)
            done.update(outcome.value for outcome in outcomes if outcome is not Replayed.FAILED)
            pairs = zip(records, outcomes, strict=True)
            records = [record for record, outcome in pairs if outcome is Replayed.FAILED]
            if not records:
                return done
            self._pause(2.0**number)
        raise Stuck(f"{len(records)} messages could not be routed: AWS did not answer", records[0].at)

    def _invoke(self, records: list[Read]) -> list[Replayed]:
        request = b'{"replay": [' + b",".join(record.data for record in records) + b"]}"
        answer = self._client.invoke(FunctionName=self._function, Payload=request)
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise Stuck(f"{self._function} failed: {payload.decode(errors='replace')[:300]}", records[0].at)
        return msgspec.json.decode(payload, type=_Answer).replayed


class Queue:
    """A target that sends the events unchanged. A FIFO queue drops repeats within 5 minutes."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def __call__(self, records: Sequence[Read]) -> Counter[str]:
        readable = [record for record in records if _is_event(record)]
        if self._url.endswith(".fifo"):
            for record in readable:
                self._client.send_message(
                    QueueUrl=self._url,
                    MessageBody=record.data.decode(),
                    MessageGroupId=record.key,
                    MessageDeduplicationId=record.place,
                )
        else:
            for start in range(0, len(readable), _IN_A_BATCH):
                self._send(readable[start : start + _IN_A_BATCH])
        return Counter(sent=len(readable), unreadable=len(records) - len(readable))

    def _send(self, records: list[Read]) -> None:
        for _ in range(TRIES):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "MessageBody": record.data.decode()}
                    for number, record in enumerate(records)
                ],
            )
            records = [records[int(failure["Id"])] for failure in answer.get("Failed", ())]
            if not records:
                return
        raise Stuck(f"the queue refused {len(records)} events", records[0].at)


class Lines:
    """A target that writes each event as a line of JSON."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def __call__(self, records: Sequence[Read]) -> Counter[str]:
        lines = list(self._lines(records))
        for line in lines:
            self._write(line)
        return Counter(printed=len(lines), unreadable=len(records) - len(lines))

    def _lines(self, records: Sequence[Read]) -> Iterator[bytes]:
        """Encode the events again, because another writer's JSON may contain line feeds."""
        return (msgspec.json.encode(_DECODER.decode(record.data)) for record in records if _is_event(record))


def _is_event(record: Read) -> bool:
    try:
        _DECODER.decode(record.data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
