"""FIFO queues whose message groups stay hidden as long as one of their messages is in flight, as those of SQS do.

LocalStack shows a group again with the first of its messages that comes back: what was sent later is then given out before those
that are still hidden. A batch that is handed back comes back one by one.
"""

from typing import TYPE_CHECKING

from localstack.runtime import hooks

if TYPE_CHECKING:
    from localstack.services.sqs.models import FifoQueue, SqsMessage


@hooks.on_infra_start()
def hide_whole_groups() -> None:
    from localstack.services.sqs.models import FifoQueue  # noqa: PLC0415 (a second of start-up)

    FifoQueue._put_message = put_message  # noqa: SLF001 (there is no other way in)


def put_message(queue: "FifoQueue", message: "SqsMessage") -> None:
    """What becomes visible: sent for the first time, or come back."""
    group = queue.get_message_group(message.message_group_id)
    with queue.mutex:
        was_empty = group.empty()
        group.push(message)
        if group not in queue.inflight_groups:
            if was_empty:
                queue.message_group_queue.put_nowait(group)
        elif message.receive_count > 0:
            queue.update_message_group_visibility(group)
