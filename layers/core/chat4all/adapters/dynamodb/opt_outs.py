"""What erased people opted out of, in the table `directory`, under the fingerprints of their addresses."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StructsAttribute, TableSettings, answering, bind
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.consent import Consent


class OptedOutRow(Model):
    """What an erased person opted out of, under the fingerprint of an address."""

    class Meta(TableSettings):
        pass

    entry_id = UnicodeAttribute(hash_key=True)
    consents = StructsAttribute(Consent)


class DynamoOptOuts:
    def __init__(self, directory_table: str) -> None:
        bind(directory_table, OptedOutRow)

    @answering
    def keep(self, channel: str, fingerprint: str, consents: tuple[Consent, ...]) -> None:
        OptedOutRow(_opted_out_key(channel, fingerprint), consents=consents).save()

    @answering
    def of(self, channel: str, fingerprint: str) -> tuple[Consent, ...]:
        try:
            row = OptedOutRow.get(_opted_out_key(channel, fingerprint), consistent_read=True)
        except OptedOutRow.DoesNotExist:
            return ()
        consents: tuple[Consent, ...] = row.consents
        return consents


def _opted_out_key(channel: str, fingerprint: str) -> str:
    return key("OPTED-OUT", channel, fingerprint)
