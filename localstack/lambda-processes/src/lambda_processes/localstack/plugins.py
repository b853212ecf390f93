"""The plugin that LocalStack finds through this package's entry points."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *_: object, **__: object) -> object:
        from lambda_processes.localstack.executor import (  # noqa: PLC0415 (loaded only if it is chosen)
            ProcessRuntimeExecutor,
        )

        return ProcessRuntimeExecutor
