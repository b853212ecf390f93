"""reply."""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from chat4all.domain.person import Identity
from chat4all.entrypoints.http.conversations import ConversationView
from chat4all.entrypoints.http.message_views import DeliveryView
from chat4all.entrypoints.http.users import UserView
from chat4all_local.api_client import ApiClient
from chat4all_local.cli.api_access import KEY_VARIABLE, URL_VARIABLE, client, local_cloud
from chat4all_local.cli.messages import ConversationArgument
from chat4all_local.cli.options import StateOption
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.settings import CHANNELS
from chat4all_local.console.terminal import err, printable
from chat4all_local.simulators.client import InboundOptions, Simulator, SimulatorError
from chat4all_local.simulators.control_api import CustomerMedia
from chat4all_local.simulators.registry import manifest

_GROUP: Final = "GROUP"


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Talk")(reply)


def reply(
    conversation: ConversationArgument,
    text: Annotated[str, typer.Argument(help="The customer's text; with --photo, its caption.")],
    *,
    customer: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="USER",
            help="The id of the customer; by default the only customer of the conversation.",
        ),
    ] = None,
    photo: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="An image that the customer sends.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    state: StateOption = "",
) -> None:
    """Write to a conversation as a customer on their app, and print the provider's message id.

    The provider's simulator sends a signed webhook to the local cloud. In a group the reply quotes the last
    message that the customer received from the group, so that Chat4All assigns the reply to the group.
    """
    media = None if photo is None else _photo(photo)
    cloud = local_cloud(state)
    if cloud is None:
        raise CloudError(
            "only a local cloud can simulate a customer", f"unset {URL_VARIABLE} and {KEY_VARIABLE}"
        )
    api = client(state)
    found = api.conversation(conversation)
    user = choose_customer([api.user(participant.user_id) for participant in found.participants], customer)
    received = _last_received(api, found, user) if found.type == _GROUP else None
    identity = choose_identity(user, received.channel if received else found.primary_channel)
    if found.type == _GROUP and received is None:
        _warn(
            f"{user.display_name} has received nothing from this group: the text goes to a 1:1 conversation"
        )
    typer.echo(
        _write(
            cloud.simulators, identity, text, quoted=_quotable(received) if received else None, media=media
        )
    )


def choose_customer(participants: Sequence[UserView], wanted: str | None) -> UserView:
    """Find the customer with the id `wanted`, or the only customer. Raises CloudError."""
    customers = [user for user in participants if user.type == "CUSTOMER"]
    listed = ", ".join(f"{printable(user.display_name)} ({user.user_id})" for user in customers)
    if not customers:
        raise CloudError(
            "the conversation has no customer", "use chat4all send: agents write through the API"
        )
    if wanted is not None:
        for user in customers:
            if user.user_id == wanted:
                return user
        raise CloudError(f"{wanted} is not a customer of the conversation", f"its customers: {listed}")
    if len(customers) > 1:
        raise CloudError(
            "the conversation has several customers", f"choose a customer with --as USER: {listed}"
        )
    return customers[0]


def choose_identity(user: UserView, channel: str | None) -> Identity:
    """Find the customer's identity on `channel`, else on any simulated channel. Raises CloudError."""
    simulated = [identity for identity in user.identities if identity.channel in CHANNELS]
    if not simulated:
        raise CloudError(
            f"{printable(user.display_name)} has no identity on {', '.join(CHANNELS)}",
            f"add an identity: POST /v1/users/{user.user_id}/identities",
        )
    return next((identity for identity in simulated if identity.channel == channel), simulated[0])


def _last_received(api: ApiClient, conversation: ConversationView, user: UserView) -> DeliveryView | None:
    """Find the delivery of the newest message that a provider accepted for the customer."""
    for message in api.history(conversation.conversation_id):
        for delivery in api.message_status(message.message_id).deliveries:
            has_arrived = delivery.provider_message_id is not None and delivery.status != "FAILED"
            if delivery.recipient_id == user.user_id and has_arrived:
                return delivery
    return None


def _quotable(delivery: DeliveryView) -> str:
    """Return the provider's id of the last part. Telegram's number stands in `chat:number@date`."""
    last = (*delivery.provider_message_ids, delivery.provider_message_id or "")[-1]
    return last.rpartition(":")[2].partition("@")[0]


def _photo(file: Path) -> CustomerMedia:
    content_type, _ = mimetypes.guess_type(file.name)
    if content_type is None or not content_type.startswith("image/"):
        raise typer.BadParameter(f"{file} is not an image, judging by its name", param_hint="--photo")
    return CustomerMedia(content_type, base64=base64.b64encode(file.read_bytes()).decode())


def _write(
    simulators: Mapping[str, str],
    identity: Identity,
    text: str,
    *,
    quoted: str | None,
    media: CustomerMedia | None,
) -> str:
    """Send the customer's message, and return the provider's id of it. Raises CloudError."""
    options: InboundOptions = {"quoted": quoted}
    if media is not None:
        options |= {"kind": manifest(identity.channel).photo_kind, "media": media}
    with Simulator(simulators[identity.channel]) as simulator:
        try:
            written = simulator.write(identity.address, text or None, **options)
        except SimulatorError as error:
            raise CloudError(
                f"the simulator of {identity.channel} refused: {'; '.join(error.reasons)}"
            ) from error
    [status] = written.webhook_statuses
    if status != 200:
        _warn(f"the webhook was answered with {status or 'nothing'}: {identity.channel} sends it again")
    return written.provider_message_id


def _warn(text: str) -> None:
    err.print(f"warning: {printable(text)}", style="yellow", highlight=False, markup=False, soft_wrap=True)
