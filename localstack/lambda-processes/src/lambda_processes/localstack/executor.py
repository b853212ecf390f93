"""The runtime executor that LocalStack calls. Its execution environments are processes."""

import logging
import threading
from pathlib import Path
from typing import Final

from localstack.aws.api.lambda_ import PackageType
from localstack.config import GATEWAY_LISTEN
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import (
    ArchiveCode,
    FunctionVersion,
    InvocationResult,
)
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from lambda_processes.environment import InitError
from lambda_processes.events import Invocation
from lambda_processes.program import Program, common_variables
from lambda_processes.sandbox import Sandbox
from lambda_processes.settings import runtime_of, settings
from lambda_processes.version import Version

LOG: Final = logging.getLogger(__name__)
LOCALHOST: Final = "127.0.0.1"

_versions: Final[dict[tuple[str, str], Version]] = {}
_changing: Final = threading.Lock()
_starts: Final = threading.BoundedSemaphore(settings().limits.cold_starts)


class ProcessRuntimeExecutor(RuntimeExecutor):
    """An execution environment.

    LocalStack reuses it, gives it a single invocation at a time, and stops it when it is idle.
    """

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 (named by the base class)
        super().__init__(id=id, function_version=function_version)
        self._sandbox: Sandbox | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        variables = {name: str(value) for name, value in env_vars.items()}
        variables["LAMBDA_TASK_ROOT"] = str(_folders(self.function_version)[0])
        self._sandbox = Sandbox(_version(self.function_version, variables), variables)
        try:
            with _starts:
                self._sandbox.start()
        except InitError as error:
            LOG.warning("%s could not be loaded: %s", self.function_version.id.function_name, error.printed)
            raise StatusErrorException("the function could not be loaded", payload=error.payload) from error

    def stop(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        if self._sandbox is None:
            raise LambdaRuntimeException("the function was invoked before it was started")
        invocation = Invocation(
            payload["invoke-id"],
            payload["payload"].encode(),
            payload["invoked-function-arn"],
            payload["trace-id"],
        )
        result = self._sandbox.invoke(invocation)
        return InvocationResult(
            invocation.request_id, result.payload, is_error=result.is_error, logs=result.logs
        )

    def get_logs(self) -> str:
        return self._sandbox.printed() if self._sandbox is not None else ""

    def get_address(self) -> str:
        return LOCALHOST

    def get_endpoint_from_executor(self) -> str:
        return LOCALHOST

    def get_runtime_endpoint(self) -> str:
        """Return an endpoint for the init process of LocalStack's containers, which does not exist here."""
        return f"http://{LOCALHOST}:{GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Check that the function can run.

        LocalStack shows the error raised here as the reason of the function's state.
        """
        configured = function_version.config
        if configured.package_type != PackageType.Zip:
            raise LambdaRuntimeException("only functions of package type Zip can run as processes")
        available = runtime_of(settings().python)
        if configured.runtime != available:
            raise LambdaRuntimeException(
                f"{configured.runtime} cannot run here: {settings().python} is {available}"
            )
        for code in _archives(function_version):
            code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Delete the function's code. The code of its layers stays, because other functions may use it."""
        with _changing:
            version = _versions.pop(_revision(function_version), None)
        if version is not None:
            version.close()
        if function_version.config.code:
            function_version.config.code.destroy_cached()


def _archives(function_version: FunctionVersion) -> list[ArchiveCode]:
    configured = function_version.config
    return [configured.code, *(layer.code for layer in configured.layers)]


def _version(function_version: FunctionVersion, env_vars: dict[str, str]) -> Version:
    """Return the version, whose environments share a fork server."""
    with _changing:
        version = _versions.get(_revision(function_version))
        if version is None:
            version = _versions[_revision(function_version)] = Version(_program(function_version, env_vars))
    return version


def _revision(function_version: FunctionVersion) -> tuple[str, str]:
    return function_version.qualified_arn, function_version.config.revision_id


def _folders(function_version: FunctionVersion) -> list[Path]:
    """Return the folders of the unpacked code and layers."""
    return [Path(archive.get_unzipped_code_location()) for archive in _archives(function_version)]


def _program(function_version: FunctionVersion, env_vars: dict[str, str]) -> Program:
    configured, wanted = function_version.config, settings()
    code, *layers = _folders(function_version)
    environment = {
        **common_variables(layers, str(configured.runtime), wanted.passed),
        **env_vars,
    }
    return Program(
        python=wanted.python,
        handler=str(configured.handler),
        folder=code,
        environment=environment,
        timeout=configured.timeout,
        memory_mb=configured.memory_size,
        limits_memory=wanted.limits_memory,
        version=function_version.id.qualifier,
    )
