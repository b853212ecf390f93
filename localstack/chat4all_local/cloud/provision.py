"""Provision a deployed stack: buckets, credentials of the channels, webhook URLs and the first key."""

from collections.abc import Mapping

import msgspec
import urllib3

from chat4all.domain.public_addresses import public_address
from chat4all_local.api_keys import create_key, has_every_scope, restore_key
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.deployment import outputs
from chat4all_local.cloud.errors import ComponentFailed
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import ARTIFACTS_BUCKET, CHANNELS, WEBHOOKS_IN_FLIGHT
from chat4all_local.simulators.credentials import BY_CHANNEL

FIRST_KEY_NAME = "chat4all up"


def provision(cloud: Cloud) -> str:
    """Provision the stack, and return its API key: `cloud.api_key` if there is one. Idempotent."""
    mirror_buckets(cloud.aws)
    webhook_urls = webhook_urls_of(cloud)
    write_secrets(cloud, webhook_urls)
    point_webhooks(cloud, webhook_urls)
    return first_key(cloud)


def mirror_buckets(aws: Aws) -> None:
    """Create the template's buckets at the S3 endpoint of the functions, if that is a separate server."""
    if aws.s3_endpoint == aws.endpoint:
        return
    files = aws.s3()
    present = {bucket["Name"] for bucket in files.list_buckets()["Buckets"]}
    for bucket in aws.deployment_s3().list_buckets()["Buckets"]:
        if bucket["Name"] not in present | {ARTIFACTS_BUCKET}:
            files.create_bucket(Bucket=bucket["Name"])


def webhook_urls_of(cloud: Cloud) -> Mapping[str, str]:
    """Map each channel to the URL that its provider calls, by the outputs of the stack."""
    found = outputs(cloud.aws, cloud.stack)
    return {
        channel: public_address(found["WebhookUrl"], found["ApiId"], f"/v1/webhooks/{channel}")
        for channel in CHANNELS
    }


def write_secrets(cloud: Cloud, webhook_urls: Mapping[str, str]) -> None:
    """Write the credentials of each channel's first account; the other accounts in the secret stay."""
    secrets = cloud.aws.secrets()
    for channel in CHANNELS:
        name = f"{cloud.stack}/{channel}"
        present = msgspec.json.decode(secrets.get_secret_value(SecretId=name)["SecretString"])
        first = {**msgspec.structs.asdict(BY_CHANNEL[channel]), "webhook_url": webhook_urls[channel]}
        wanted = {**present, **first}
        if present != wanted:
            secrets.put_secret_value(SecretId=name, SecretString=msgspec.json.encode(wanted).decode())


def point_webhooks(cloud: Cloud, webhook_urls: Mapping[str, str]) -> None:
    """Tell each simulator its webhook URL. Raises ComponentFailed."""
    for channel, simulator in cloud.simulators.items():
        settings = {"webhook_url": webhook_urls[channel], "webhooks_in_flight": WEBHOOKS_IN_FLIGHT}
        answer = urllib3.request("PUT", f"{simulator}/_control/config", json=settings, timeout=10.0)
        if answer.status >= 300:
            refusal = f"the {channel} simulator refused its webhook URL ({answer.status})"
            raise ComponentFailed(refusal, answer.data.decode())


def first_key(cloud: Cloud) -> str:
    """Return the key of the last run, or a new key.

    A purged backend has no record of the key, and an older version had fewer scopes. In both cases
    the same key is recorded again, so that a key that the user has exported remains valid.
    """
    table, name = cloud.aws.dynamodb(), cloud.api_keys_table
    if not cloud.api_key:
        return create_key(table, name, FIRST_KEY_NAME)
    if not has_every_scope(table, name, cloud.api_key):
        restore_key(table, name, cloud.api_key, FIRST_KEY_NAME)
    return cloud.api_key
