"""MiniStack's Python functions in execution environments of this package.

MiniStack 1.5.33 starts an environment for every invocation that finds none free, without a limit, and unpacks
the code and the layers for each. Here a `Pool` limits the environments and lets invocations wait, and
`Archives` unpacks once. MiniStack still decides on throttles by reserved concurrency, on retries and on logs.
"""

import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.services import apigateway, apigateway_v1, lambda_svc

from lambda_processes.archives import Archives, BadArchive, check
from lambda_processes.environment import Result
from lambda_processes.events import Invocation
from lambda_processes.pool import Pool, Refused
from lambda_processes.program import Program, common_variables
from lambda_processes.settings import Settings, settings
from lambda_processes.version import Version

LOG: Final = logging.getLogger(__name__)

Record = dict[str, Any]
"""A function, its configuration or a result, as MiniStack keeps them. MiniStack has no types."""

_CALLERS: Final = (apigateway, apigateway_v1, lambda_svc)
"""The modules that invoke functions for requests, each invocation in a thread of its own."""

_execute_elsewhere = lambda_svc._execute_function_warm  # noqa: SLF001 (MiniStack has no public names; its version is locked)
_batches_at_once = lambda_svc._sqs_esm_concurrency  # noqa: SLF001
_to_proxy_response = lambda_svc.lambda_execute_result_to_api_proxy_response
_invalidate = lambda_svc.invalidate_worker
_reset = lambda_runtime.reset
_reject_unreadable = lambda_svc._reject_unreadable_zip  # noqa: SLF001


def install() -> "Functions":
    """Replace MiniStack's execution of Python functions. Returns the environments, to `close` at the end."""
    functions = Functions(settings())
    lambda_svc._execute_function_warm = functions.execute  # noqa: SLF001
    lambda_svc._sqs_esm_concurrency = functions.batches_at_once  # noqa: SLF001
    lambda_svc.lambda_execute_result_to_api_proxy_response = to_proxy_response
    lambda_svc._reject_unreadable_zip = reject_unreadable  # noqa: SLF001
    for caller in _CALLERS:
        caller.run_reentrant = functions.refusing_at_once(caller.run_reentrant)
    lambda_svc.invalidate_worker = functions.invalidate
    lambda_runtime.reset = functions.reset
    return functions


class Functions:
    """The Python functions of a MiniStack."""

    def __init__(self, wanted: Settings) -> None:
        self._wanted = wanted
        self._archives = Archives()
        limits = replace(wanted.limits, idle_s=lambda_runtime._LOCAL_WORKER_TTL)  # noqa: SLF001
        # A batch may have waited in its queue for a free environment.
        self._pool = Pool(limits, on_free=lambda_svc._esm_wake.set)  # noqa: SLF001

    def execute(self, function: Record, event: object, request_id: str) -> Record:
        """Execute an invocation, and return its result in MiniStack's form."""
        config: Record = function.get("config") or function
        if not function.get("code_zip") or not str(config.get("Runtime", "")).startswith("python"):
            elsewhere: Record = _execute_elsewhere(function, event, request_id)
            return elsewhere
        invocation = Invocation(
            request_id,
            json.dumps(event).encode(),
            config.get("FunctionArn", ""),
            lambda_svc._xray_trace_id_for_invocation(config),  # noqa: SLF001
            variables=lambda_svc._durable_env_overlay(),  # noqa: SLF001
        )
        qualifier = config.get("Version", "$LATEST")
        try:
            result = self._pool.invoke(
                function_of(config), qualifier, _identity(config), lambda: self._make(function), invocation
            )
        except Refused as refused:
            return _throttled(str(refused))
        except BadArchive as error:
            LOG.warning("%s cannot be unpacked: %s", function_of(config), error)
            return _not_unpacked(error)
        return _in_ministacks_form(result)

    def refusing_at_once(self, run: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        """Refuse an invocation that could not even wait before it gets a thread, and log lines.

        Otherwise the refusals of an overload take the processor time of what is accepted.
        """

        async def run_unless_refused(
            call: Callable[..., object],
            *arguments: Any,  # noqa: ANN401 (MiniStack has no types)
            **thread: str,
        ) -> object:
            if call is lambda_svc._execute_function_with_config_scope:  # noqa: SLF001
                name = function_of(arguments[0]["config"])
                if self._pool.is_full(name):
                    return _throttled(f"too many invocations of {name} wait already")
            return await run(call, *arguments, **thread)

        return run_unless_refused

    def batches_at_once(self, mapping: Record, function: Record, config: Record, queue: Record | None) -> int:
        """Return how many batches of a mapping may be in flight; none while no environment is free.

        A batch is received when it can be handled, so its visibility timeout covers the handling only.
        """
        at_once: int = _batches_at_once(mapping, function, config, queue)
        return at_once if self._pool.has_room(function_of(config)) else 0

    def invalidate(
        self, name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
    ) -> None:
        """Retire the environments of a changed or deleted function."""

        def is_meant(function: str, version: str) -> bool:
            own_account, own_region, own_name = function.split(":", 2)
            return (
                own_name == name
                and account in {None, own_account}
                and region in {None, own_region}
                and qualifier in {None, version}
            )

        self._pool.retire(is_meant)
        _invalidate(name, qualifier=qualifier, account=account, region=region)

    def reset(self) -> None:
        self._pool.retire(lambda _function, _version: True)
        _reset()

    def close(self) -> None:
        """End every environment, and remove the unpacked archives."""
        self._pool.close()
        self._archives.close()

    def _make(self, function: Record) -> tuple[Version, Callable[[], None]]:
        config: Record = function.get("config") or function
        folders: list[Path] = []

        def removed() -> None:
            for folder in folders:
                self._archives.release(folder)

        try:
            folders.extend(map(self._archives.use, (function["code_zip"], *_layers(config))))
        except BaseException:
            removed()
            raise
        code, *layers = folders
        return Version(_program(config, code, layers, self._wanted)), removed


def _throttled(why: str) -> Record:
    """Return MiniStack's form of a refusal, which it answers with 429."""
    throttled: Record = lambda_svc._throttle_response(  # noqa: SLF001
        reason_code="ConcurrentInvocationLimitExceeded", msg=f"Rate Exceeded: {why}"
    )
    return throttled


def _not_unpacked(error: Exception) -> Record:
    """Return Lambda's error for a package that it cannot unpack."""
    message = f"Lambda could not unzip the deployment package: {error}"
    return {
        "body": {"errorType": "InvalidZipFileException", "errorMessage": message},
        "error": True,
        "log": message,
    }


def reject_unreadable(archive: bytes | None) -> object:
    """Return MiniStack's refusal of code or of a layer that is no whole archive.

    MiniStack itself looks for the end of an archive only.
    """
    if archive is None:
        return None
    try:
        check(archive)
    except BadArchive:
        return _reject_unreadable(b"")
    return None


def function_of(config: Record) -> str:
    """Return the account, region and name of the function."""
    account, region = lambda_svc._account_region_from_function_config(config)  # noqa: SLF001
    return f"{account}:{region}:{config['FunctionName']}"


def to_proxy_response(result: Record) -> tuple[Record | None, str | None]:
    """Add Retry-After to an API's answer about a refused invocation; MiniStack adds it to Invoke's only."""
    response, error = _to_proxy_response(result)
    if result.get("throttle") and response is not None:
        response["headers"]["Retry-After"] = str(result["body"]["retryAfterSeconds"])
    return response, error


def _identity(config: Record) -> object:
    """Return what distinguishes the program of a version from an earlier program."""
    return (
        config.get("CodeSha256"),
        config.get("Handler"),
        config.get("Timeout"),
        config.get("MemorySize"),
        config.get("Role"),
        tuple(_arn(layer) for layer in config.get("Layers") or ()),
        tuple(sorted(_variables(config).items())),
    )


def _arn(layer: str | Record) -> str:
    return layer if isinstance(layer, str) else str(layer.get("Arn", ""))


def _variables(config: Record) -> dict[str, str]:
    variables: dict[str, str] = (config.get("Environment") or {}).get("Variables") or {}
    return variables


def _layers(config: Record) -> list[bytes]:
    found = (lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers") or ())  # noqa: SLF001
    return [archive for archive in found if archive]


def _program(config: Record, code: Path, layers: list[Path], wanted: Settings) -> Program:
    name, memory = config["FunctionName"], int(config.get("MemorySize") or 128)
    _, region = lambda_svc._account_region_from_function_config(config)  # noqa: SLF001
    runtime, version = str(config["Runtime"]), config.get("Version", "$LATEST")
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    environment = {
        "TZ": "UTC",
        **common_variables(layers, runtime, wanted.passed),
        **_variables(config),
        **lambda_runtime.execution_credentials(config),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": config["Handler"],
    }
    port = os.environ.get("GATEWAY_PORT", "4566")
    environment.setdefault("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    return Program(
        python=wanted.python,
        handler=config["Handler"],
        folder=code,
        environment=environment,
        timeout=float(config.get("Timeout") or 3),
        memory_mb=memory,
        limits_memory=wanted.limits_memory,
        version=version,
    )


def _in_ministacks_form(result: Result) -> Record:
    """Return the result with its logs, whose lines of START, END and REPORT MiniStack then keeps ("rie")."""
    try:
        body = json.loads(result.payload)
    except ValueError:
        body = result.payload.decode(errors="replace")
    form: Record = {"body": body, "log": result.logs, "log_source": "rie"}
    return {**form, "error": True} if result.is_error else form
