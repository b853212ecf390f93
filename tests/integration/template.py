"""template.yaml and infra/, resolved as CloudFormation does, so that tests and deployments cannot differ."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
STACK: Final = "chat4all"
PSEUDO_PARAMETERS: Final = {
    "AWS::StackName": STACK,
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE: Final = object()
_NAMES: Final = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Events::Rule": "Name",
    "AWS::SNS::Topic": "TopicName",
}
_TOLD_BY_AWS: Final = {"RegionalDomainName", "RegionalHostedZoneId"}
_ARNS: Final = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{TableName}"),
    "AWS::SQS::Queue": ("sqs", "{QueueName}"),
    "AWS::Kinesis::Stream": ("kinesis", "stream/{Name}"),
    "AWS::S3::Bucket": ("s3", "{BucketName}"),
    "AWS::SNS::Topic": ("sns", "{TopicName}"),
    "AWS::Serverless::Function": ("lambda", "function:{FunctionName}"),
    "AWS::Events::Rule": ("events", "rule/{Name}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{LogGroupName}:*"),
    "AWS::IAM::Role": ("iam", "role/one-without-a-name"),
    "AWS::WAFv2::WebACL": ("wafv2", "regional/webacl/{Name}/one"),
    "AWS::KMS::Key": ("kms", "key/one-without-a-name"),
}


class _Loader(yaml.SafeLoader):
    """A loader that reads `!Ref` and the other short forms as their long forms."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tagged)


def read(path: str) -> dict[str, Any]:
    with (ROOT / path).open(encoding="utf-8") as file:
        # The loader is a SafeLoader with additional tags.
        document: dict[str, Any] = yaml.load(file, Loader=_Loader)  # noqa: S506
    return document


class Template:
    """A template with its parameters. Nested stacks are templates, too."""

    def __init__(self, path: str = "template.yaml", parameters: Mapping[str, Any] | None = None) -> None:
        self.document = read(path)
        self.document["Resources"] = expanded(self.document["Resources"])
        declared = self.document.get("Parameters", {})
        defaults = {
            name: parameter["Default"] for name, parameter in declared.items() if "Default" in parameter
        }
        self._parameters = {**PSEUDO_PARAMETERS, **defaults, **(parameters or {})}
        for name, parameter in declared.items():
            if parameter["Type"] == "CommaDelimitedList":
                self._parameters[name] = str(self._parameters[name]).split(",")
        missing = set(declared) - set(self._parameters)
        assert not missing, f"{path} needs {missing}"
        self._nested: dict[str, Template] = {}

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the resolved properties of a type's resources, by logical path (`Data.MessagesTable`)."""
        found: dict[str, dict[str, Any]] = {}
        for name, resource in self.document["Resources"].items():
            if not self._is_made(resource):
                continue
            if resource["Type"] == kind:
                found[name] = self.resolved(resource["Properties"])
            if resource["Type"] == "AWS::CloudFormation::Stack":
                inner = self.nested(name).resources(kind)
                found.update({f"{name}.{inner_name}": properties for inner_name, properties in inner.items()})
        return found

    def nested(self, name: str) -> "Template":
        if name not in self._nested:
            properties = self.document["Resources"][name]["Properties"]
            parameters = self.resolved(properties.get("Parameters", {}))
            self._nested[name] = Template(properties["TemplateURL"], parameters)
        return self._nested[name]

    def resolved(self, value: Any) -> Any:  # noqa: ANN401 - any part of a template
        if isinstance(value, list):
            return [item for item in map(self.resolved, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            intrinsics: dict[str, Callable[[Any], Any]] = {
                "Ref": self._ref,
                "Fn::GetAtt": self._attribute,
                "Fn::Sub": self._substituted,
                "Fn::If": self._chosen,
                "Fn::Join": self._joined,
                "Fn::Select": self._selected,
                "Fn::Split": self._split,
                "Fn::FindInMap": self._found_in_map,
            }
            intrinsic = intrinsics.get(name)
            if intrinsic:
                return intrinsic(argument)
        pairs = {key: self.resolved(item) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not NO_VALUE}

    def output(self, name: str) -> Any:  # noqa: ANN401 - any part of a template
        return self.resolved(self.document["Outputs"][name]["Value"])

    def refusals(self) -> list[str]:
        """Name the rules by which CloudFormation refuses these parameters before it creates any resource."""
        return [
            name
            for name, rule in self.document.get("Rules", {}).items()
            if self._is(rule.get("RuleCondition", {"Fn::And": []}))
            and not all(self._is(assertion["Assert"]) for assertion in rule["Assertions"])
        ]

    def _ref(self, name: str) -> Any:  # noqa: ANN401 - any part of a template
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        if name.endswith(".Stage"):
            # SAM makes the stage of an API, and resolves this name.
            return self.document["Resources"][name.removesuffix(".Stage")]["Properties"]["StageName"]
        if name.endswith(".Alias"):
            # SAM makes the alias of a function with AutoPublishAlias.
            function = self._attribute([name.removesuffix(".Alias"), "Arn"])
            return f"{function}:{self.document['Globals']['Function']['AutoPublishAlias']}"
        return self._id(name, self.document["Resources"][name])

    def _id(self, name: str, resource: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a template
        kind = resource["Type"]
        if kind not in _NAMES:
            return name
        physical = self.resolved(resource["Properties"][_NAMES[kind]])
        if kind == "AWS::SQS::Queue":
            return queue_url(physical)
        return arn(kind, {_NAMES[kind]: physical}) if kind == "AWS::SNS::Topic" else physical

    def _attribute(self, path: list[str]) -> Any:  # noqa: ANN401 - any part of a template
        name, attribute = path
        resource = self.document["Resources"][name]
        if resource["Type"] == "AWS::CloudFormation::Stack":
            return self.nested(name).output(attribute.removeprefix("Outputs."))
        if attribute in _TOLD_BY_AWS:
            return f"{attribute} of {name}"
        if attribute == "FunctionUrl":
            return f"https://{name.lower()}.lambda-url.{REGION}.on.aws/"
        own = arn(resource["Type"], self.resolved(resource["Properties"]))
        if attribute == "StreamArn":
            return f"{own}/stream/2026-11-30T08:00:00.000"
        assert attribute == "Arn", f"{name}.{attribute}"
        return own

    def _substituted(self, text: str) -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            is_attribute = "." in name and not name.endswith(".Stage")
            return str(self._attribute(name.split(".", 1)) if is_attribute else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value_of, text)

    def _found_in_map(self, argument: list[Any]) -> Any:  # noqa: ANN401 - any part of a template
        name, first, second = self.resolved(argument)
        return self.document["Mappings"][name][first][second]

    def _joined(self, argument: list[Any]) -> str:
        return str(self.resolved(argument[0])).join(self.resolved(argument[1]))

    def _selected(self, argument: list[Any]) -> Any:  # noqa: ANN401 - any part of a template
        return self.resolved(argument[1])[argument[0]]

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self.resolved(argument[1])).split(argument[0])

    def _chosen(self, argument: list[Any]) -> Any:  # noqa: ANN401 - any part of a template
        condition, yes, no = argument
        return self.resolved(yes if self._is(self.document["Conditions"][condition]) else no)

    def _is_made(self, resource: Mapping[str, Any]) -> bool:
        condition = resource.get("Condition")
        return condition is None or self._is(self.document["Conditions"][condition])

    def _is(self, condition: Mapping[str, Any]) -> bool:
        ((name, argument),) = condition.items()
        match name:
            case "Condition":
                return self._is(self.document["Conditions"][argument])
            case "Fn::Not":
                return not self._is(argument[0])
            case "Fn::And":
                return all(map(self._is, argument))
        assert name == "Fn::Equals", name
        # CloudFormation compares texts: it treats a given number as a text, too.
        left, right = map(str, self.resolved(argument))
        return left == right


def expanded(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Expand `Fn::ForEach`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
    """
    found: dict[str, Any] = {}
    for name, resource in resources.items():
        if not name.startswith("Fn::ForEach::"):
            found[name] = resource
            continue
        identifier, values, body = resource
        for value in values:
            found.update(_with(body, identifier, value))
    return found


def _with(part: Any, identifier: str, value: str) -> Any:  # noqa: ANN401 - any part of a template
    if isinstance(part, list):
        return [_with(item, identifier, value) for item in part]
    if isinstance(part, dict):
        if part == {"Ref": identifier}:
            return value
        return {_with(name, identifier, value): _with(item, identifier, value) for name, item in part.items()}
    if isinstance(part, str):
        alphanumeric = re.sub(r"[^A-Za-z0-9]", "", value)
        return part.replace(f"${{{identifier}}}", value).replace(f"&{{{identifier}}}", alphanumeric)
    return part


def arn(kind: str, properties: Mapping[str, Any]) -> str:
    service, form = _ARNS[kind]
    place = ":::" if service == "s3" else f":{REGION}:{ACCOUNT}:"
    return f"arn:aws:{service}{place}{form.format(**properties)}"


def queue_url(name: str) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """Return each function's properties, Globals included, by its name without the stack's, such as `api`."""
    common = template.resolved(template.document["Globals"]["Function"])
    found = {}
    for resource in template.resources("AWS::Serverless::Function").values():
        variables = {
            **common["Environment"]["Variables"],
            **resource.get("Environment", {}).get("Variables", {}),
        }
        merged = {**common, **resource, "Environment": {"Variables": variables}}
        found[resource["FunctionName"].removeprefix(f"{STACK}-")] = merged
    return found


def mappings(template: Template) -> dict[str, dict[str, Any]]:
    """Return the event source mappings of queues and Kinesis by the name of their function."""
    found = {}
    for mapping in template.resources("AWS::Lambda::EventSourceMapping").values():
        if ":dynamodb:" in mapping["EventSourceArn"]:
            continue
        function, alias = mapping["FunctionName"].split(":")[6:]
        name = function.removeprefix(f"{STACK}-")
        assert alias == "live"
        assert name not in found, f"{name} has two"
        found[name] = mapping
    return found


def environment(function: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in function["Environment"]["Variables"].items()}
