"""Wire the use case that verifies identities: the only one of `api` that sends to a person itself."""

import secrets
from collections.abc import Mapping
from functools import cache
from typing import Final

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.limits import DynamoLimiter
from chat4all.adapters.dynamodb.verifications import DynamoVerifications
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import ApiSettings, of_channel
from chat4all.bootstrap.templating import READ_TIMEOUT_S, Templating
from chat4all.channels.registry import connector, dependent_accounts
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.verification import DIGITS
from chat4all.services.messaging.code_template import CodeTemplates
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.verify_identity import VerifyIdentity

_CODES: Final = 10**DIGITS


def verify_identity(
    settings: ApiSettings,
    accepting: Accepting,
    *,
    fill_template: FillTemplate,
    templates: Templating,
    variables: Mapping[str, str],
    fingerprint: Fingerprint,
) -> VerifyIdentity:
    """`variables` is the environment, with the secrets and base URLs of the channels."""
    http = HttpClient(read_timeout_s=READ_TIMEOUT_S)

    @cache
    def connector_of(channel: str) -> Connector:
        return connector(channel, http, of_channel(variables, channel, "BASE_URL"))

    return VerifyIdentity(
        directory=accepting.directory,
        verifications=DynamoVerifications(settings.directory_table, settings.audit_table),
        audit=DynamoAudit(settings.audit_table),
        accounts=accepting.accounts,
        enabled=accepting.accept.accounts,
        dependents=dependent_accounts(),
        capabilities=accepting.capabilities,
        windows=accepting.accept.windows,
        templates=CodeTemplates(
            fill_template, templates.catalogue, templates.secrets, accepting.capabilities
        ),
        connector=connector_of,
        secrets=templates.secrets,
        breakers=DynamoBreakers(settings.limits_table),
        limiter=DynamoLimiter(settings.limits_table, accepting.capabilities),
        clock=runtime.now,
        new_id=runtime.new_id,
        new_code=_new_code,
        fingerprint=fingerprint,
    )


def _new_code() -> str:
    return f"{secrets.randbelow(_CODES):0{DIGITS}d}"
