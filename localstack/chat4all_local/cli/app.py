"""The application with all commands. An expected error becomes one line and an exit code."""

import os
import sys
from typing import Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from chat4all.channels.registry import manifests
from chat4all_local.api_client import ApiError, ApiUnreachable
from chat4all_local.cli import (
    INTERRUPTED,
    conversations,
    dead_letters,
    files,
    functions,
    keys,
    lifecycle,
    logs,
    messages,
    replay,
    reply,
    runs,
    search,
    users,
    webhooks,
)
from chat4all_local.cloud.errors import CloudError, in_words
from chat4all_local.cloud.signals import Stopped
from chat4all_local.console.terminal import explain
from chat4all_local.transfer.errors import TransferFailed

_CHANNELS: Final = ", ".join(channel.title for channel in manifests())

app = typer.Typer(
    name="chat4all",
    help=f"One API for {_CHANNELS}, on this machine: no account, no Docker.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (lifecycle, logs, replay, messages, reply, files, functions, runs):
    commands.add_to(app)
app.add_typer(users.app, name="users", help="Create and list users.")
app.add_typer(conversations.app, name="conversations", help="Create and list conversations.")
app.add_typer(webhooks.app, name="webhooks", help="Replay stored webhooks.")
app.add_typer(
    dead_letters.app,
    name="dead-letters",
    help="List and redrive dead letters: deliveries, messages and records that failed permanently.",
)
app.add_typer(search.app, name="search", help="Search messages, people and notes.")
app.add_typer(keys.app, name="keys", help="Create API keys.")


def run() -> None:
    if any(_is_broken(argument) for argument in sys.argv[1:]):
        explain("the command line is not encoded in UTF-8")
        sys.exit(1)
    try:
        app()
    except TransferFailed as error:
        explain(error.message, error.advice)
    except CloudError as error:
        explain(error.message, error.advice, getattr(error, "log", ""))
    except ApiError as error:
        details = "; ".join(f"{detail.field}: {detail.issue}" for detail in error.body.details)
        explain(f"the API refused: {error}", details)
    except (BotoCoreError, ClientError) as error:
        explain(f"AWS: {error}")
    except ApiUnreachable as error:
        explain(str(error), "see: chat4all status")
    except (KeyboardInterrupt, Stopped) as stopped:
        sys.exit(stopped.exit_code if isinstance(stopped, Stopped) else INTERRUPTED)
    except BrokenPipeError:
        # The reader has closed the pipe (chat4all users list | head): print nothing more, not even when
        # Python flushes stdout at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        explain(in_words(error))
    sys.exit(1)


def _is_broken(argument: str) -> bool:
    """Return whether the argument is not UTF-8: Python passes its bytes as surrogates."""
    return any("\ud800" <= letter <= "\udfff" for letter in argument)
