"""Generate the channels' resources in template.yaml, and the variables of other functions about them."""

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.channels.shared.manifest import Manifest


class _Text(string.Template):
    """A template in which `@{name}` is a field of the channel, because CloudFormation uses `$`."""

    delimiter = "@"


_BASE_URL: Final = _Text(
    """\
@{logical}BaseUrl:
  Type: String
  Default: @{base_url}"""
)

_STACK: Final = _Text(
    """\
@{logical}Channel:
  Type: AWS::CloudFormation::Stack
  DeletionPolicy: Retain
  UpdateReplacePolicy: Retain
  Properties:
    TemplateURL: infra/channel.yaml
    Parameters:
      KeyArn: !If [HasOwnKey, !GetAtt OwnKey.Outputs.KeyArn, ""]
      Channel: @{name}
      NamePrefix: !Ref AWS::StackName
      VisibilityTimeout: !Ref @{visibility}
      SecretFields: @{secret_fields}
      EmptySecret: '@{empty_secret}'
"""
)

_FUNCTION: Final = _Text(
    """\
@{logical}LogGroup:
  Type: AWS::Logs::LogGroup
  Properties:
    LogGroupName: !Sub "/aws/lambda/${AWS::StackName}-@{name}"
    RetentionInDays: !Ref LogRetentionDays
    KmsKeyId: !If [HasOwnKey, !GetAtt OwnKey.Outputs.KeyArn, !Ref AWS::NoValue]

@{logical}Function:
  Type: AWS::Serverless::Function
  DeletionPolicy: Delete
  Properties:
    FunctionName: !Sub "${AWS::StackName}-@{name}"
    Description: Delivers to @{title}.
    CodeUri: functions/channel
    AutoPublishAliasAllProperties: true
    DeploymentPreference:
      Alarms:
        - !Sub "${AWS::StackName}-function-errors-@{name}"
    Timeout: !Ref @{timeout}
    MemorySize: @{memory_mb}
    LoggingConfig:
      LogGroup: !Ref @{logical}LogGroup
    Environment:
      Variables:
        MESSAGES_TABLE: !GetAtt Data.Outputs.MessagesTable
        LIMITS_TABLE: !GetAtt Data.Outputs.LimitsTable
        DIRECTORY_TABLE: !GetAtt Data.Outputs.DirectoryTable
        FILES_TABLE: !GetAtt Data.Outputs.FilesTable
        FILES_BUCKET: !GetAtt Data.Outputs.FilesBucket
        PUBLIC_URL: !If [HasApiUrl, !Ref ApiUrl, !If [HasDomain, !Sub "https://${DomainName}", !Sub "https://{api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api"]]
        API_ID: !Ref Api
        CHANNEL: @{name}
        CONSUMER_TIMEOUT: !Ref @{timeout}
        KEEP_DELETED_WORDS: !Ref KeepDeletedWords
        BASE_URL: !Ref @{logical}BaseUrl
        CHANNEL_SECRET: !GetAtt @{logical}Channel.Outputs.SecretName
        CHANNEL_QUEUE: !GetAtt @{logical}Channel.Outputs.QueueUrl
        STATUS_UPDATES_QUEUE: !If [UsesSqs, !Ref StatusUpdatesQueue, !Ref AWS::NoValue]
        STATUS_UPDATES_STREAM: !If [UsesKinesis, !Ref StatusUpdatesStream, !Ref AWS::NoValue]@{inbound_variable}
    Policies:
      - Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action:
              - dynamodb:GetItem
              - dynamodb:PutItem
              - dynamodb:UpdateItem
              - dynamodb:DeleteItem
              - dynamodb:Query
            Resource:
              - !GetAtt Data.Outputs.MessagesTableArn
          - Effect: Allow
            Action:
              - dynamodb:GetItem
              - dynamodb:UpdateItem
            Resource:
              - !GetAtt Data.Outputs.LimitsTableArn
          - Effect: Allow
            Action:
              - dynamodb:GetItem
            Resource:
              - !GetAtt Data.Outputs.DirectoryTableArn
          - Effect: Allow
            Action:
              - dynamodb:GetItem
              - dynamodb:PutItem
            Resource:
              - !GetAtt Data.Outputs.FilesTableArn
          - Effect: Allow
            Action:
              - s3:GetObject
            Resource:
              - !Sub "arn:${AWS::Partition}:s3:::${Data.Outputs.FilesBucket}/files/*"
          - Effect: Allow
            Action:
              - events:PutEvents
            Resource:
              - !Sub "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
          - Effect: Allow
            Action:
              - secretsmanager:GetSecretValue
            Resource:
              - !Sub "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${@{logical}Channel.Outputs.SecretName}-??????"
          - !If
            - UsesKinesis
            - Effect: Allow
              Action: [kinesis:PutRecords]
              Resource: [!GetAtt StatusUpdatesStream.Arn]
            - Effect: Allow
              Action: [sqs:SendMessage]
              Resource: [!GetAtt StatusUpdatesQueue.Arn]@{inbound_grant}
          - Effect: Allow
            Action:
              - sqs:ReceiveMessage
              - sqs:DeleteMessage
              - sqs:GetQueueAttributes
              - sqs:ChangeMessageVisibility
            Resource:
              - !GetAtt @{logical}Channel.Outputs.QueueArn

@{logical}Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties:
    FunctionName: !Ref @{logical}Function.Alias
    EventSourceArn: !GetAtt @{logical}Channel.Outputs.QueueArn
    BatchSize: @{batch_size}
    ScalingConfig: !If [LimitsChannels, { MaximumConcurrency: !Ref ChannelConcurrency }, !Ref AWS::NoValue]
    FunctionResponseTypes: [ReportBatchItemFailures]
"""
)


_INBOUND_VARIABLE: Final = """
        INBOUND_QUEUE: !Ref InboundQueue"""
_INBOUND_GRANT: Final = """
          - Effect: Allow
            Action:
              - sqs:SendMessage
            Resource:
              - !GetAtt InboundQueue.Arn"""


def _fields(channel: Manifest) -> dict[str, str]:
    empty = dict.fromkeys((field.name for field in channel.secret), "")
    return {
        "name": channel.name,
        "title": channel.title,
        "logical": channel.logical_name,
        "base_url": channel.base_url,
        "timeout": "UploadTimeout" if channel.uploads else "ConsumerTimeout",
        "visibility": "UploadVisibilityTimeout" if channel.uploads else "VisibilityTimeout",
        "batch_size": str(channel.batch_size),
        "memory_mb": str(channel.memory_mb),
        "inbound_variable": _INBOUND_VARIABLE if channel.answers_bring_news else "",
        "inbound_grant": _INBOUND_GRANT if channel.answers_bring_news else "",
        "secret_fields": ", ".join(empty),
        "empty_secret": msgspec.json.format(msgspec.json.encode(empty), indent=0).decode(),
    }


def _each(text: _Text) -> Callable[[Sequence[Manifest]], str]:
    """Return a function that renders `text` for each channel."""
    return lambda channels: "\n".join(text.substitute(_fields(channel)) for channel in channels)


def _variable(suffix: str, value: str) -> Callable[[Sequence[Manifest]], str]:
    """Return a function that renders the variable `<CHANNEL>_<suffix>: value` for each channel."""

    def lines(channels: Sequence[Manifest]) -> str:
        template = _Text(f"@{{variable}}_{suffix}: {value}")
        return "\n".join(
            template.substitute(_fields(channel), variable=channel.name.upper()) for channel in channels
        )

    return lines


_SECRET_ARN: Final = _Text(
    '- !Sub "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:'
    '${@{logical}Channel.Outputs.SecretName}-??????"'
)

_SECRET_NAME: Final = _variable("SECRET", "!GetAtt @{logical}Channel.Outputs.SecretName")
_BASE_URL_OF: Final = _variable("BASE_URL", "!Ref @{logical}BaseUrl")
Render = Callable[[Sequence[Manifest]], str]


def _with_templates(render: Render) -> Render:
    """Return a function that renders the channels whose provider has templates."""
    return lambda channels: render([channel for channel in channels if channel.capabilities.has_templates])


def _verified_for_files(channels: Sequence[Manifest]) -> str:
    """Return the parameter. Its pattern refuses a misspelled channel, which would let files pass."""
    name = "|".join(channel.name for channel in channels)
    return f"""VerifiedForFiles:
  Type: String
  Default: ""
  AllowedPattern: "(({name})(,({name}))*)?"
  ConstraintDescription: VerifiedForFiles lists channels, with commas and without spaces between them.
  Description: Channels, such as "sms,telegram", on which only verified identities get files; none when empty."""


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {
    "channel-base-url-parameters": _each(_BASE_URL),
    "verified-for-files-parameter": _verified_for_files,
    "channel-stacks": _each(_STACK),
    "channel-functions": _each(_FUNCTION),
    "channel-queue-urls": _variable("QUEUE", "!GetAtt @{logical}Channel.Outputs.QueueUrl"),
    "channel-dead-letter-queue-urls": _variable(
        "DEAD_LETTER_QUEUE", "!GetAtt @{logical}Channel.Outputs.DeadLetterQueueUrl"
    ),
    "channel-secret-names": _SECRET_NAME,
    "channel-base-urls": _BASE_URL_OF,
    "channel-queue-arns": _each(_Text("- !GetAtt @{logical}Channel.Outputs.QueueArn")),
    "channel-dead-letter-queue-arns": _each(_Text("- !GetAtt @{logical}Channel.Outputs.DeadLetterQueueArn")),
    "channel-secret-arns": _each(_SECRET_ARN),
    "template-secret-names": _with_templates(_SECRET_NAME),
    "template-base-urls": _with_templates(_BASE_URL_OF),
    "template-secret-arns": _with_templates(_each(_SECRET_ARN)),
}
