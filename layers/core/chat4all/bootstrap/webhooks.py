"""The `webhooks` function: receive the webhooks of the providers."""

from chalice.app import Chalice

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.cursor_keys import key_in_webhooks
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.dynamodb.listed_webhooks import DynamoListedWebhooks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.webhooks import DynamoWebhooks
from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.queues.sqs import Queues
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.adapters.webhook_outcomes import Count, WebhookOutcomes
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.settings import WebhookSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import connector, dependent_accounts, names, naming_accounts
from chat4all.channels.shared.http import HttpClient
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.entrypoints.http.function_url import on_both_fronts
from chat4all.entrypoints.http.routes import bind, routes_of
from chat4all.entrypoints.http.serving import serving
from chat4all.entrypoints.http.webhooks import WebhookViews
from chat4all.entrypoints.invocation import Handler
from chat4all.services.access.authenticate import Authenticate
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from chat4all.services.inbound.read_webhook import ReadWebhook
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery


def app(settings: WebhookSettings, secrets: ManagedSecrets, count: Count) -> Chalice:
    """Build the chalice app with the routes of the webhooks."""
    http = HttpClient()

    def known(channel: str) -> Connector | None:
        return connector(channel, http, "") if channel in names() else None

    webhooks = DynamoWebhooks(settings.webhooks_table, S3Bodies(runtime.s3, settings.webhooks_bucket))
    events = streams.events(settings, runtime.sqs(), Queues(inbound=settings.inbound_queue))
    deliveries = DynamoDeliveries(settings.messages_table)
    messages = DynamoMessages(settings.messages_table)
    follow = FollowDelivery(messages, deliveries)
    handle = HandleEvents(ApplyStatus(messages, deliveries, follow, log_failure), events)
    listed_webhooks = DynamoListedWebhooks(settings.webhooks_table)
    keep_outcome = KeepOutcome(listed_webhooks, WebhookOutcomes(count))
    receive = ReceiveWebhook(
        connector=known,
        naming_accounts=naming_accounts(),
        webhooks=webhooks,
        handle=handle,
        keep_outcome=keep_outcome,
        secrets=secrets,
        clock=runtime.now,
    )
    replay = ReplayWebhooks(
        connector=known,
        naming_accounts=naming_accounts(),
        webhooks=webhooks,
        handle=handle,
        keep_outcome=keep_outcome,
        secrets=secrets,
        clock=runtime.now,
        new_id=runtime.new_id,
    )
    chalice = Chalice(app_name="chat4all-webhooks", configure_logs=False)
    authenticate = Authenticate(DynamoApiKeys(settings.api_keys_table))
    audit_trail = AuditTrail(DynamoAudit(settings.audit_table), runtime.now, runtime.new_id)
    read = ReadOutcomes(listed_webhooks, runtime.now)
    read_one = ReadWebhook(webhooks, runtime.now)
    views = WebhookViews(receive, replay, read, read_one=read_one, channels=names(), audit=audit_trail)
    bind(chalice, [views], authenticate, SignedCursors(key_in_webhooks(settings.webhooks_table)))
    return chalice


def handler() -> Handler:
    telemetry = Telemetry("webhooks")
    secrets = ManagedSecrets(by_channel(names(), "SECRET").__getitem__, dependent_accounts())
    webhooks = app(from_environment(WebhookSettings), secrets, telemetry.count)

    both = on_both_fronts(webhooks, routes_of(WebhookViews))
    return telemetry.observing(serving(telemetry.count, both))
