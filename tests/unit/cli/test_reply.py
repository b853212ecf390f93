"""The customer and the channel that `chat4all reply` chooses before it asks a simulator."""

from pathlib import Path

import pytest
import typer

from chat4all.channels.registry import names
from chat4all.domain.person import Identity, User, UserType
from chat4all.entrypoints.http.users import UserView, user_view
from chat4all_local.cli.reply import choose_customer, choose_identity, reply
from chat4all_local.cloud.errors import CloudError

WHATSAPP = Identity("whatsapp", "main", "5511987654321", "")
TELEGRAM = Identity("telegram", "main", "42", "")


def user(user_id: str, kind: str = "CUSTOMER", *identities: Identity) -> UserView:
    known = User(user_id, UserType(kind), user_id.title(), identities, {}, "2026-01-01T00:00:00.000Z")
    return user_view(known)


ADA, ANA, BO = user("ada", "AGENT"), user("ana"), user("bo")


def test_the_only_customer_replies() -> None:
    assert choose_customer([ADA, ANA], None) == ANA


def test_of_several_customers_the_wanted_customer_replies() -> None:
    assert choose_customer([ANA, ADA, BO], "bo") == BO


@pytest.mark.parametrize(
    ("participants", "wanted", "message", "advice"),
    [
        ([ADA], None, "the conversation has no customer", "send"),
        ([ADA], "ada", "the conversation has no customer", "send"),
        ([ADA, ANA, BO], None, "the conversation has several customers", "--as USER: Ana (ana), Bo (bo)"),
        ([ADA, ANA], "ada", "ada is not a customer of the conversation", "Ana (ana)"),
        ([ADA, ANA], "bo", "bo is not a customer of the conversation", "Ana (ana)"),
    ],
)
def test_where_no_customer_can_be_chosen_the_error_says_why(
    participants: list[UserView], wanted: str | None, message: str, advice: str
) -> None:
    with pytest.raises(CloudError) as refused:
        choose_customer(participants, wanted)

    assert refused.value.message == message
    assert advice in refused.value.advice


def test_a_customer_writes_on_the_channel_on_which_they_received_the_conversation() -> None:
    both = user("ana", "CUSTOMER", WHATSAPP, TELEGRAM)

    assert choose_identity(both, "telegram") == TELEGRAM
    assert choose_identity(both, None) == WHATSAPP


def test_a_customer_without_an_identity_on_a_simulated_channel_cannot_reply() -> None:
    with pytest.raises(CloudError, match=f"Ana has no identity on {', '.join(names())}"):
        choose_identity(user("ana", "CUSTOMER", Identity("carrier", "main", "1", "")), None)


def test_a_file_that_is_no_picture_is_refused_before_a_cloud_is_asked(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    with pytest.raises(typer.BadParameter, match="is not an image"):
        reply("c1", "look", photo=tmp_path / "notes.txt")


def test_an_api_elsewhere_has_no_customers_to_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT4ALL_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("CHAT4ALL_API_KEY", "the key")

    with pytest.raises(CloudError, match="only a local cloud can simulate a customer"):
        reply("c1", "hello")
