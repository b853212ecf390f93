"""The resources of the API that few requests are about."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.cursor_keys import fingerprints
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.erasures import DynamoErasureRequests, DynamoErasures
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.hints import DynamoHints
from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.dynamodb.notes import DynamoNotes
from chat4all.adapters.dynamodb.opt_outs import DynamoOptOuts
from chat4all.adapters.dynamodb.people import DynamoPeople
from chat4all.adapters.dynamodb.search_index import DynamoRebuilds, DynamoSearchIndex
from chat4all.adapters.dynamodb.searched import DynamoSearched
from chat4all.adapters.queues.batch_queue import SqsBatchQueue
from chat4all.adapters.queues.privacy_queue import SqsPrivacyQueue
from chat4all.adapters.s3.files import S3Files
from chat4all.adapters.secrets import WritableSecrets
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.keeping import keeping_views
from chat4all.bootstrap.settings import ApiSettings, of_channel
from chat4all.bootstrap.templating import Templating
from chat4all.bootstrap.verifying import verify_identity
from chat4all.channels.registry import accounts, connector, credential_forms
from chat4all.channels.shared.http import HttpClient
from chat4all.entrypoints.http.accounts import AccountViews
from chat4all.entrypoints.http.acts import ActViews
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.audit import AuditViews
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.batches import BatchViews
from chat4all.entrypoints.http.channels import ChannelViews
from chat4all.entrypoints.http.consents import ConsentViews
from chat4all.entrypoints.http.dead_letters import DeadLetterViews
from chat4all.entrypoints.http.description import DescriptionViews
from chat4all.entrypoints.http.desk import DeskViews
from chat4all.entrypoints.http.erasures import ErasureViews
from chat4all.entrypoints.http.files import FileViews
from chat4all.entrypoints.http.health import HealthViews
from chat4all.entrypoints.http.search import SearchViews
from chat4all.entrypoints.http.suggestions import SuggestionViews
from chat4all.entrypoints.http.templates import TemplateViews
from chat4all.entrypoints.http.users import UserViews
from chat4all.entrypoints.http.verifications import VerificationViews
from chat4all.services.access.check_health import CheckHealth
from chat4all.services.access.read_audit import ReadAudit
from chat4all.services.accounts.manage_accounts import ManageAccounts
from chat4all.services.batches.control_batch import ControlBatch
from chat4all.services.batches.create_batch import CreateBatch
from chat4all.services.directory.manage_consents import ManageConsents
from chat4all.services.directory.manage_notes import ManageNotes
from chat4all.services.directory.manage_users import ManageUsers
from chat4all.services.directory.merge_users import MergeUsers
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.directory.suggest_merges import SuggestMerges
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.files.download_file import DownloadFile
from chat4all.services.files.upload_file import UploadFile
from chat4all.services.messaging.change_message import ChangeMessage
from chat4all.services.messaging.count_unread import CountUnread
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.manage_templates import ManageTemplates
from chat4all.services.messaging.send_signals import SendSignals
from chat4all.services.privacy.request_erasure import RequestErasure
from chat4all.services.recovery.redrive import Redrive
from chat4all.services.search.rebuild_index import StartRebuild
from chat4all.services.search.search import Search


def rare_resources(
    settings: ApiSettings,
    accepting: Accepting,
    files: DynamoFiles,
    keys: DynamoApiKeys,
    *,
    templates: Templating,
    fill_template: FillTemplate,
    public: Addresses,
    over_before: Callable[[], str | None],
    variables: Mapping[str, str],
) -> list[object]:
    """Make the views of every resource but messages and conversations.

    `variables` is the environment, with the secrets and base URLs of the channels. `over_before` is as in
    ReadMessages.
    """
    channels = frozenset(accepting.capabilities)
    redrive = Redrive(
        messages=accepting.messages,
        deliveries=DynamoDeliveries(settings.messages_table),
        dead_letters=DynamoDeadLetters(settings.messages_table, channels),
        accept=accepting.accept,
        events=accepting.events,
        clock=runtime.now,
    )
    http = HttpClient()

    def canonical(channel: str, address: str) -> str:
        return connector(channel, http, "").canonical_address(address)

    breakers = DynamoBreakers(settings.limits_table)
    manage_accounts = ManageAccounts(
        accounts=accepting.accounts,
        credentials=WritableSecrets(lambda channel: of_channel(variables, channel, "SECRET")),
        connector=lambda channel: connector(channel, http, of_channel(variables, channel, "BASE_URL")),
        forms=credential_forms(),
        breakers=breakers,
        clock=runtime.now,
        new_id=runtime.new_id,
    )
    audit = DynamoAudit(settings.audit_table)
    fingerprint = fingerprints(settings.directory_table)
    record_consent = RecordConsent(
        accepting.directory, audit, runtime.now, fingerprint, DynamoOptOuts(settings.directory_table)
    )
    manage_users = ManageUsers(
        accepting.directory,
        canonical,
        accounts(),
        runtime.now,
        runtime.new_id,
        is_account=manage_accounts.has,
        recall=lambda user, identities: record_consent.recall(user, identities, "api"),
    )
    health = CheckHealth({"database": keys.probe, "queue": accepting.events.probe})
    manage_consents = ManageConsents(accepting.directory, record_consent)
    people = DynamoPeople(settings.directory_table, settings.conversations_table, settings.audit_table)
    suggest = SuggestMerges(
        accepting.directory, DynamoHints(settings.directory_table), accepting.capabilities, runtime.now
    )
    merges = MergeUsers(accepting.directory, people, runtime.now, runtime.new_id, fingerprint)
    trail = AuditTrail(audit, runtime.now, runtime.new_id)
    return [
        _act_views(settings, accepting, public),
        _desk_views(settings, accepting),
        DeadLetterViews(redrive, channels, trail, public),
        _batch_views(settings, accepting, files, fill_template, public),
        _file_views(settings, accepting, files, public),
        *keeping_views(settings, accepting, files, trail, public),
        AuditViews(ReadAudit(audit), fingerprint),
        UserViews(manage_users, merges, channels, runtime.now, trail, fingerprint=fingerprint),
        SuggestionViews(suggest, trail),
        VerificationViews(
            verify_identity(
                settings,
                accepting,
                fill_template=fill_template,
                templates=templates,
                variables=variables,
                fingerprint=fingerprint,
            ),
            channels,
        ),
        _search_views(settings, accepting, over_before),
        ErasureViews(_request_erasure(settings, accepting), trail),
        ConsentViews(manage_consents, channels, runtime.now),
        ChannelViews(accepting.capabilities, manage_accounts.every, breakers, public, runtime.now),
        AccountViews(manage_accounts, breakers, channels, trail, runtime.now),
        TemplateViews(
            ManageTemplates(
                templates.known,
                templates.catalogue,
                templates.secrets,
                channels.__contains__,
                runtime.now,
            )
        ),
        HealthViews(health, breakers, manage_accounts.every),
        DescriptionViews(),
    ]


def _request_erasure(settings: ApiSettings, accepting: Accepting) -> RequestErasure:
    return RequestErasure(
        directory=accepting.directory,
        erasures=DynamoErasures(settings.messages_table),
        requests=DynamoErasureRequests(settings.messages_table, settings.directory_table),
        queue=SqsPrivacyQueue(accepting.sqs, settings.privacy_queue),
        clock=runtime.now,
    )


def _act_views(settings: ApiSettings, accepting: Accepting, public: Addresses) -> ActViews:
    change = ChangeMessage(
        messages=accepting.messages,
        deliveries=DynamoDeliveries(settings.messages_table),
        events=accepting.events,
        conversation_cache=accepting.conversation_cache,
        capabilities=accepting.capabilities,
        prefers=accepting.accept.all_checks,
        clock=runtime.now,
        new_id=runtime.new_id,
    )
    signals = SendSignals(
        messages=accepting.messages,
        conversations=accepting.conversations,
        events=accepting.events,
        conversation_cache=accepting.conversation_cache,
        capabilities=accepting.capabilities,
        accounts=accepting.accept.accounts,
        clock=runtime.now,
        new_id=runtime.new_id,
    )
    return ActViews(change, signals, accepting.messages, public)


def _desk_views(settings: ApiSettings, accepting: Accepting) -> DeskViews:
    notes = ManageNotes(
        DynamoNotes(settings.conversations_table),
        accepting.conversations,
        accepting.directory,
        runtime.now,
        runtime.new_id,
    )
    return DeskViews(CountUnread(accepting.conversations, accepting.directory, accepting.messages), notes)


def _search_views(
    settings: ApiSettings, accepting: Accepting, over_before: Callable[[], str | None]
) -> SearchViews:
    search = Search(
        DynamoSearchIndex(settings.search_table),
        DynamoSearched(settings.messages_table),
        DynamoNotes(settings.conversations_table),
        accepting.directory,
        accepting.conversations,
        over_before=over_before,
    )
    rebuild = StartRebuild(DynamoRebuilds(settings.search_table), runtime.now, runtime.new_id)
    return SearchViews(search, rebuild, frozenset(accepting.capabilities), is_on=settings.has_index)


def _batch_views(
    settings: ApiSettings,
    accepting: Accepting,
    files: DynamoFiles,
    fill_template: FillTemplate,
    public: Addresses,
) -> BatchViews:
    batches = DynamoBatches(settings.messages_table)
    queue = SqsBatchQueue(accepting.sqs, settings.batches_queue)
    return BatchViews(
        CreateBatch(batches, queue, accepting.directory, fill_template, runtime.now),
        ControlBatch(batches, queue, accepting.messages, runtime.now),
        frozenset(accepting.capabilities),
        AttachFile(files),
        public,
        clock=runtime.now,
        new_id=runtime.new_id,
    )


def _file_views(
    settings: ApiSettings, accepting: Accepting, files: DynamoFiles, public: Addresses
) -> FileViews:
    store = S3Files(runtime.s3, settings.files_bucket)
    upload = UploadFile(
        files=files,
        store=store,
        events=accepting.events,
        conversations=accepting.conversations,
        clock=runtime.now,
        new_id=runtime.new_id,
        kept_for=timedelta(days=settings.file_retention_days),
    )
    return FileViews(
        upload=upload,
        download=DownloadFile(files, store, runtime.now),
        files=files,
        addresses=public,
        clock=runtime.now,
    )
