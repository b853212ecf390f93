"""Running a case: its steps in order, each to its end, then the comparison with the expected results."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from tests.cases.case import (
    Answer,
    Call,
    Case,
    Channel,
    File,
    Receipts,
    Register,
    Repeat,
    Step,
    Webhook,
)
from tests.fakes.windows import (
    just_now,
)

_POST_MESSAGE: Final = "POST messages"
_POST_USER: Final = "POST users"
_NAME = re.compile(r"\$([a-z_][a-z0-9_]*)")


class Response(NamedTuple):
    status: int
    body: Any


class Product(Protocol):
    """The product as a case uses it: its API, and the providers around it."""

    def account(self, channel: Channel) -> str:
        """Return our account's id at the provider; `$account` in a case of the channel."""
        ...

    def call(self, method: str, path: str, body: object) -> Response:
        """Call the API; `path` follows `/v1` and includes the query."""
        ...

    def webhook(self, channel: Channel, body: object) -> int:
        """Send a webhook as the provider does, and return the status of the answer."""
        ...

    def register(self, channel: Channel, address: str, name: str) -> None: ...

    def send_receipts(self, channel: Channel, *, are_sent: bool) -> None:
        """Let the provider report on the messages that it accepts from now on, or keep silent."""
        ...

    def send_file(self, channel: Channel, file: File) -> None:
        """Send a person's file as the provider does."""
        ...

    def awaited(self, ask: Callable[[], Response], is_whole: Callable[[Response], bool]) -> Response:
        """Ask until the answer is whole, if the product works on by itself: it may try a send again."""
        ...

    def settle(self) -> None:
        """Wait until no message, status or webhook is in progress."""
        ...

    def sent(self, channel: Channel, address: str) -> list[str]:
        """Return the texts that the provider accepted for the address, in the order of sending."""
        ...


def run(case: Case, product: Product) -> list[str]:
    """Run the steps; return a line for each difference from what the case expects.

    Raises:
        AssertionError: the answer to a step differs from the case.
        LookupError: no step has saved a `$name`, or an answer lacks a value to save.
    """
    saved = {"account": product.account(case.channel)}
    silenced = {step.channel for step in case.steps if isinstance(step, Receipts)}
    registered: list[Register] = []
    try:
        for step in case.steps:
            if isinstance(step, Call) and step.request.startswith(_POST_MESSAGE):
                _open_windows(registered, product)
            _take(step, case.channel, product, saved)
            registered += [step] if isinstance(step, Register) else []
        return _differences(case, product, saved)
    finally:
        for channel in silenced:
            product.send_receipts(channel, are_sent=True)


def _differences(case: Case, product: Product, saved: dict[str, str]) -> list[str]:
    differences = []
    for expected in case.expected:
        if isinstance(expected, Answer):
            path = filled(expected.path, saved)
            answer = product.call("GET", f"/{path}", None)
            found = [f"GET {path}: the status is {answer.status}"] if answer.status != expected.status else []
            differences += found or difference(f"GET {path}", filled(expected.body, saved), answer.body)
        else:
            address = filled(expected.address, saved)
            texts = product.sent(expected.channel, address)
            where = f"sent to {address} on {expected.channel}"
            differences += difference(where, filled(list(expected.texts), saved), texts)
    return differences


def _open_windows(registered: Sequence[Register], product: Product) -> None:
    """Tell that registered people have just written: the webhooks of a case may be years old."""
    for person in registered:
        query = urlencode({"channel": person.channel, "address": person.address})
        found = product.call("GET", f"/identities/resolve?{query}", None)
        for identity in found.body["identities"] if found.status == 200 else ():
            channel, address = identity["channel"], quote(identity["address"], safe="")
            told = {"wrote_at": just_now(), "account": identity["account"]}
            product.call("PATCH", f"/users/{found.body['user_id']}/identities/{channel}/{address}", told)


def _take(step: Step, channel: Channel, product: Product, saved: dict[str, str]) -> None:
    match step:
        case Register(channel=where, address=address, name=name):
            product.register(where, address, name)
        case Receipts(channel=where, are_sent=are_sent):
            product.send_receipts(where, are_sent=are_sent)
        case File():
            product.send_file(channel, step)
            product.settle()
        case Repeat(times=times, step=again):
            for _ in range(times):
                _take(again, channel, product, saved)
        case Webhook(body=body, status=status):
            answered = product.webhook(step.channel or channel, filled(body, saved))
            assert answered == status, f"a webhook was answered with {answered}"
            product.settle()
        case Call(request=request):
            method, _, path = filled(request, saved).partition(" ")
            answer = _asked(step, method, path, product, saved)
            right = answer.status < 300 if step.status is None else answer.status == step.status
            assert right, f"{request}: {answer.status}, {answer.body}"
            saved |= {name: value_at(answer.body, where) for name, where in step.save.items()}
            product.settle()


def _asked(step: Call, method: str, path: str, product: Product, saved: dict[str, str]) -> Response:
    def ask() -> Response:
        body = filled(step.body, saved)
        if f"{method} {path}" == _POST_USER and "identities" in body:
            body["identities"] = [{"wrote_at": just_now(), **known} for known in body["identities"]]
        return product.call(method, f"/{path}", body)

    def is_whole(answer: Response) -> bool:
        try:
            return all(value_at(answer.body, where) for where in step.save.values())
        except LookupError:
            return False

    return product.awaited(ask, is_whole) if method == "GET" else ask()


def filled(value: Any, saved: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Replace names by their saved values. Raises LookupError for an unknown name."""
    match value:
        case str():
            return _NAME.sub(lambda name: saved[name[1]], value)
        case list():
            return [filled(item, saved) for item in value]
        case dict():
            return {key: filled(item, saved) for key, item in value.items()}
        case _:
            return value


def value_at(body: Any, where: str) -> str:  # noqa: ANN401 - JSON
    """Return the text at a dotted path, such as `deliveries.0.provider_message_id`, or raise LookupError."""
    for key in where.split("."):
        body = body[int(key)] if isinstance(body, list) else body[key]
    if not isinstance(body, str):
        raise LookupError(f"{where} is no text but {body!r}")  # noqa: TRY004 - as where nothing is
    return body


def difference(where: str, expected: Any, found: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Compare the expected fields of an object, the whole of a list, and the value of anything else."""
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{where}: has no {key!r}" for key in expected if key not in found]
        common = [key for key in expected if key in found]
        inner = [difference(f"{where}.{key}", expected[key], found[key]) for key in common]
        return [*missing, *(line for lines in inner for line in lines)]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for index, pair in pairs for line in difference(f"{where}[{index}]", *pair)]
    if type(expected) is type(found) and expected == found:
        return []
    return [f"{where}: expected {expected!r}, found {found!r}"]
