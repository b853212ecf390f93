"""Lambda functions as processes, without Docker.

`pool` gives invocations to execution environments and limits their number. `version` starts the environments
of a function's version, by a fork server if the function allows it. `environment` is the server's side of an
environment, and `function_process` is the script that runs in it. `archives` unpacks code. None of these
modules knows an emulator of AWS: `lambda_processes.localstack` and `lambda_processes.ministack` connect them.
"""
