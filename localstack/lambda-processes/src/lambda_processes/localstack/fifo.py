"""FIFO queues that hide a message group while any of its messages is in flight, as SQS does.

LocalStack shows a group again when the first of its messages becomes visible, and then gives out later
messages before hidden earlier messages. The messages of a returned batch become visible at different times.
"""

from typing import TYPE_CHECKING

from localstack.runtime import hooks

if TYPE_CHECKING:
    from localstack.services.sqs.models import FifoQueue, SqsMessage


@hooks.on_infra_start()
def hide_whole_groups() -> None:
    from localstack.services.sqs.models import FifoQueue  # noqa: PLC0415 (costs a second of start-up)

    FifoQueue._put_message = put_message  # noqa: SLF001 (LocalStack offers no public way)


def put_message(queue: "FifoQueue", message: "SqsMessage") -> None:
    """Make a message visible, whether it is new or returned."""
    group = queue.get_message_group(message.message_group_id)
    with queue.mutex:
        was_empty = group.empty()
        group.push(message)
        if group not in queue.inflight_groups:
            if was_empty:
                queue.message_group_queue.put_nowait(group)
        elif message.receive_count > 0:
            queue.update_message_group_visibility(group)
