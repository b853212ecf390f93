"""docs/deploy.md describes exactly the template's parameters, and counts the resources that it creates."""

import re
from typing import Final

from chat4all_local.cost.estimate import MILLION, estimate
from chat4all_local.cost.main import kept_use, price_table
from tests.integration.template import ROOT, Template, functions, mappings, read
from tests.unit.architecture.test_monitoring import metrics_of

TEXT: Final = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PARAMETERS: Final = read("template.yaml")["Parameters"]
TEMPLATE: Final = Template()
FUNCTIONS: Final = len(functions(TEMPLATE))
QUEUES: Final = len(mappings(TEMPLATE))
SECRETS: Final = len(TEMPLATE.resources("AWS::SecretsManager::Secret"))
METRICS: Final = sum(
    len(metrics_of(alarm)) for alarm in TEMPLATE.resources("AWS::CloudWatch::Alarm").values()
)
COSTS: Final = [
    (int(least), int(most or least))
    for least, most in re.findall(r"^\| .* \| (\d+)(?: to (\d+))? dollars? \|$", TEXT, re.MULTILINE)
]
"""The least and the most dollars a month in each line of the table of costs."""


def test_its_table_has_the_parameters_with_their_defaults() -> None:
    section = TEXT.split("### Parameters")[1].split("\n##")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", section, re.MULTILINE))

    assert told == {name: str(parameter.get("Default", "")) for name, parameter in PARAMETERS.items()}


def test_its_table_describes_the_parameters_as_the_template_does() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? ?\| (.*) \|$", TEXT, re.MULTILINE))
    for name, parameter in PARAMETERS.items():
        if "Description" in parameter:
            assert rows[name].replace("`", "") == parameter["Description"].replace("`", "")


def test_what_it_names_is_there() -> None:
    for path in re.findall(r"\]\(([\w./-]+\.md)", TEXT):
        assert (ROOT / "docs" / path).is_file(), path
    for name in re.findall(r"\b([A-Z]\w+)=", TEXT.split("### Parameters")[0]):
        assert name in PARAMETERS or name.isupper(), name


def test_it_counts_what_the_template_creates() -> None:
    assert f"too few for {FUNCTIONS} functions" in TEXT
    assert f"| {METRICS} metrics that alarms watch" in TEXT
    assert f"| Lambda's polling of {QUEUES} empty queues |" in TEXT
    assert f"| {SECRETS} secrets, 40 cents each |" in TEXT


def test_the_prices_of_alarms_and_secrets_follow_from_their_number() -> None:
    alarms, _, _, secrets, *_ = COSTS
    assert alarms == (round(METRICS * 0.10 + 3),) * 2
    assert secrets == (round(SECRETS * 0.40),) * 2
    assert f"{alarms[0]} of them for alarms and a dashboard" in README
    assert f"for some {alarms[0]} dollars a month" in PARAMETERS["Monitoring"]["Description"]


def test_the_fixed_costs_are_the_sum_of_the_first_five_lines() -> None:
    least, most = (sum(dollars) for dollars in zip(*COSTS[:5], strict=True))
    assert f"has the first five lines: {least} to {most} dollars." in TEXT
    assert f"costs another {least} to {most} dollars a month" in README


def test_the_price_of_messages_is_the_estimate_s() -> None:
    estimated = estimate(kept_use(), price_table(), MILLION, 200)
    with_receipts = round(estimated.usd)
    without = round(estimated.without_receipts.usd_per_million)

    assert f"estimates {with_receipts} dollars on AWS for a million texts with three\nreceipts" in README
    assert f"A channel without receipts costs {without} dollars." in README
    assert f"{with_receipts} dollars for a million texts of 200 characters" in TEXT
    assert f"and {without} dollars without receipts" in TEXT
