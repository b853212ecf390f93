"""The `batches` function: accept the messages of batches at the pace of their channel accounts."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.pace import DynamoPace
from chat4all.adapters.failure_log import log_fault
from chat4all.adapters.queues.batch_queue import SqsBatchQueue
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import BatchesSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.bootstrap.templating import Templating
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.batch_work import NEEDED_MS, BatchRecords
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.services.batches.find_one_to_one import FindOneToOne
from chat4all.services.batches.run_batch import RunBatch

_SIDE_BY_SIDE: Final = 8
"""The messages that are accepted at once: one after the other, 80 a second would be too many."""

_TEMPLATE_S: Final = 10.0
"""How long a template that was read serves for the next recipients; then it is read from the table again."""


def handler() -> Handler:
    telemetry = Telemetry("batches")
    settings = from_environment(BatchesSettings)
    accepting = Accepting(settings, Queues())
    threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="recipient")
    run = RunBatch(
        batches=DynamoBatches(settings.messages_table),
        queue=SqsBatchQueue(accepting.sqs, settings.batches_queue),
        pace=DynamoPace(settings.limits_table),
        accept=accepting.accept,
        messages=accepting.messages,
        conversation_cache=accepting.conversation_cache,
        one_to_one=FindOneToOne(accepting.conversations, accepting.directory, runtime.now),
        fill_template=Templating(settings, dict(os.environ)).fill(accepting, remembered_s=_TEMPLATE_S),
        capabilities=accepting.capabilities,
        clock=runtime.now,
        log_fault=log_fault,
        each=threads.map,
    )
    batch = BatchRecords(run, accepting.sqs, settings.batches_queue)

    return telemetry.observing(consuming(telemetry.count, batch, NEEDED_MS))
