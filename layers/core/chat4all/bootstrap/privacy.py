"""The `privacy` function: do what somebody asks about all that is stored of a person."""

from chat4all.bootstrap import runtime
from chat4all.bootstrap.keeping import keeping_jobs
from chat4all.bootstrap.settings import PrivacySettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.domain.privacy_work import EraseWork, PrivacyWork
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.privacy_work import NEEDED_MS, Job, PrivacyRecords
from chat4all.services.privacy.erase_user import EraseUser


def handler() -> Handler:
    telemetry = Telemetry("privacy")
    settings = from_environment(PrivacySettings)
    jobs: dict[type[PrivacyWork], Job] = {EraseWork: EraseUser(), **keeping_jobs(settings)}
    records = PrivacyRecords(jobs, runtime.sqs(), settings.privacy_queue)

    return telemetry.observing(consuming(telemetry.count, records, NEEDED_MS))
