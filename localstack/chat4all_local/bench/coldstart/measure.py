"""Measures cold starts.

Each round starts each function once, in another order, each followed by a bare start.
"""

import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.bench.coldstart.figures import Pair, Start, aims, cold_start_figures
from chat4all_local.bench.coldstart.view import draw, table
from chat4all_local.bench.deployed_code import DeployedCode, deployed_code, run_isolated
from chat4all_local.bench.functions import NAMES, environment
from chat4all_local.bench.report import Report
from chat4all_local.cloud.functions import aws_environment
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell
from chat4all_local.traffic.spread import enough

FEWEST_ROUNDS: Final = 5
MOST_ROUNDS: Final = 15
ROUNDS_BEGIN_WITHIN_S: Final = 40.0
_HERE: Final = Path(__file__).parent


_NOTES: Final = (
    (
        "Each start is a new process with only the deployed layer and the standard library. The start of the"
        " interpreter itself is not counted. The bare process makes boto3's clients of SQS and DynamoDB."
    ),
    (
        "Ratios compare neighbouring starts. The aim is judged by processor time, because the clock also"
        " counts other work of the machine."
    ),
)


def measure(cloud: Cloud, tell: Tell) -> Report:
    environments = {name: environment(cloud, name) for name in NAMES}
    pairs: dict[str, list[Pair]] = {name: [] for name in NAMES}
    with deployed_code(cloud) as code:
        tell("warming up")
        _round(code, environments, aws_environment(cloud))  # warm-up: the files enter the page cache
        began, rounds = time.monotonic(), 0
        while not enough(rounds, time.monotonic() - began, FEWEST_ROUNDS, MOST_ROUNDS, ROUNDS_BEGIN_WITHIN_S):
            rounds += 1
            tell(f"round {rounds}")
            for name, pair in _round(code, environments, aws_environment(cloud)).items():
                pairs[name].append(pair)
    figures = cold_start_figures(pairs)
    return Report(
        title="Cold start: import-and-init of each function beside two boto3 clients",
        figures=figures,
        aims=aims(figures),
        notes=_NOTES,
        table=table(figures),
        draw=lambda figure: draw(figure, pairs),
    )


def _round(
    code: DeployedCode, environments: Mapping[str, Mapping[str, str]], bare_environment: Mapping[str, str]
) -> dict[str, Pair]:
    names = random.sample(list(environments), len(environments))
    return {
        name: Pair(
            _start(code.layer, code.function(name), environments[name]),
            _start(code.layer, _HERE / "bare", bare_environment),
        )
        for name in names
    }


def _start(layer: Path, code: Path, environment: Mapping[str, str]) -> Start:
    told = run_isolated(_HERE / "probe.py", [str(layer), str(code)], environment)
    return msgspec.json.decode(told.splitlines()[-1], type=Start)
