"""Print as JSON what SAM makes of a template. The interpreter must have SAM's translator.

Usage: transformed.py TEMPLATE [PARAMETER=VALUE ...] [LOGICAL_ID=s3://BUCKET/KEY ...]
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class ManagedPolicies:
    def load(self) -> dict[str, str]:
        names = ("AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess")
        return {name: f"arn:aws:iam::aws:policy/{name}" for name in names}


def main(path: str, *given: str) -> None:
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    values = dict(pair.split("=", 1) for pair in given)
    template = yaml_parse(Path(path).read_text(encoding="utf-8"))
    for name, resource in template["Resources"].items():
        for uri in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][uri] = values.get(name, f"s3://uploaded/{name}")
    json.dump(transform(template, values, ManagedPolicies()), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
