"""The runtime executor that LocalStack calls. Its execution environments are processes."""

import logging
import os
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

from localstack_lambda_process.runtime_api import LOCALHOST
from localstack_lambda_process.sandbox import InitError, Sandbox
from localstack_lambda_process.search_paths import search_paths
from localstack_lambda_process.settings import runtime_of, settings
from localstack_lambda_process.worker import Program

LOG: Final = logging.getLogger(__name__)
_MIB: Final = 1024 * 1024


class ProcessRuntimeExecutor(RuntimeExecutor):
    """An execution environment.

    LocalStack reuses it, gives it a single invocation at a time, and stops it when it is idle.
    """

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 (named by the base class)
        super().__init__(id=id, function_version=function_version)
        self._sandbox: Sandbox | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        configured = self.function_version.config
        self._sandbox = Sandbox(
            _program(self.function_version, env_vars),
            timeout=configured.timeout,
            memory_mb=configured.memory_size,
            version=self.function_version.id.qualifier,
        )
        try:
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
        request_id = payload["invoke-id"]
        result = self._sandbox.invoke(
            request_id, payload["payload"].encode(), payload["invoked-function-arn"], payload["trace-id"]
        )
        return InvocationResult(request_id, result.payload, is_error=result.is_error, logs=result.logs)

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
        if function_version.config.code:
            function_version.config.code.destroy_cached()


def _archives(function_version: FunctionVersion) -> list[ArchiveCode]:
    configured = function_version.config
    return [configured.code, *(layer.code for layer in configured.layers)]


def _program(function_version: FunctionVersion, env_vars: dict[str, str]) -> Program:
    configured, wanted = function_version.config, settings()
    code, *layers = (Path(archive.get_unzipped_code_location()) for archive in _archives(function_version))
    environment = {
        "LANG": "C.UTF-8",
        **search_paths(layers, str(configured.runtime)),
        **{name: os.environ[name] for name in wanted.passed if name in os.environ},
        **{name: str(value) for name, value in env_vars.items()},
        "LAMBDA_TASK_ROOT": str(code),
    }
    return Program(
        command=(wanted.python, "-m", "awslambdaric", str(configured.handler)),
        environment=environment,
        folder=code,
        memory=configured.memory_size * _MIB if wanted.limits_memory else 0,
    )
