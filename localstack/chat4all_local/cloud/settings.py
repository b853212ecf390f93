"""The names, settings and time limits of the local cloud."""

from typing import Final

from chat4all.channels.registry import names

STACK: Final = "chat4all"
ALIAS: Final = "live"  # of every function, as in the template
ARTIFACTS_BUCKET: Final = "chat4all-artifacts"
CHANNELS: Final = names()

# Of each simulator. All of them share the environments of `webhooks`, which are few.
WEBHOOKS_IN_FLIGHT: Final = 1

LOCALHOST: Final = "127.0.0.1"
FUNCTION_LOG_LEVEL: Final = "INFO"
# Shorter than on AWS: after this time the queue delivers the records of a killed function again.
API_TIMEOUT: Final = 10  # seconds
CONSUMER_TIMEOUT: Final = 20  # seconds
VISIBILITY_TIMEOUT: Final = 25  # seconds
FILES_TIMEOUT: Final = 120  # seconds; inspecting 2 GiB takes a fraction of it
FILES_VISIBILITY_TIMEOUT: Final = 125  # seconds

MINISTACK: Final = {
    "IOT_MTLS_ENABLED": "0",  # it would listen on 0.0.0.0:8883
    "PERSIST_STATE": "1",
    "LOG_LEVEL": "WARNING",  # INFO writes a line for every request
    "LAMBDA_WARM_TTL_SECONDS": "60",  # then the idle environments of a burst end
    "MALLOC_ARENA_MAX": "2",  # otherwise glibc keeps an arena for each thread: three times the memory
}

KINESIS_VERSION: Final = "0.4.13"  # of kinesis-local, which LocalStack would download if it were missing
LOCALSTACK: Final = {
    "OVERRIDE_IN_DOCKER": "0",
    "LS_LOG": "warn",
    "DNS_ADDRESS": "0",  # it would listen on port 53
    "DISABLE_EVENTS": "1",  # it would report its use
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "SQS_ENDPOINT_STRATEGY": "path",  # other strategies use host names that only public DNS resolves
    "SQS_DISABLE_CLOUDWATCH_METRICS": "1",
    "PROVIDER_OVERRIDE_DYNAMODB": "moto",  # LocalStack's DynamoDB is a jar from the internet, and needs Java
    # The newer engine does not support ${Nested.Outputs.Name} in a !Sub.
    "PROVIDER_OVERRIDE_CLOUDFORMATION": "engine-legacy",
    "CLOUDFORMATION_QUICK": "1",  # of the plugin in lambda-processes
    "S3_SKIP_SIGNATURE_VALIDATION": "0",
    "LAMBDA_RUNTIME_EXECUTOR": "process",
    "LAMBDA_KEEPALIVE_MS": "60000",
    # Seconds for a function to load, even if a dozen functions load at once on two cores.
    "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "60",
    "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.05",
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.5",
    "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_ERROR_SEC": "2",
    "MALLOC_ARENA_MAX": "2",
}

EVENT_STREAM_SHARDS: Final = 2  # of each Kinesis stream; on AWS ten

START_ATTEMPTS: Final = 3
DEPLOYED_WITHIN: Final = 300.0  # seconds
HEALTHY_WITHIN: Final = 60.0  # seconds
ANSWERING_WITHIN: Final = 60.0  # seconds, for the deployed API
ANSWERS_WITHIN: Final = 10.0  # seconds, for an external cloud
STOPPED_WITHIN: Final = 20.0  # seconds; MiniStack writes its state in this time
POLL_EVERY: Final = 0.05  # seconds
SUPERVISE_EVERY: Final = 0.5  # seconds

# An environment variable of every process of a run, including Lambda workers: it identifies leftover
# processes.
RUN_MARK: Final = "CHAT4ALL_RUN"
STATE_VARIABLE: Final = "CHAT4ALL_STATE"
