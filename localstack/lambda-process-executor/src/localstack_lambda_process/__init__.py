"""Lambda functions as processes, without Docker, for LocalStack in host mode.

LocalStack calls `executor`. The modules below it do not know LocalStack: `sandbox` keeps a function's
process,
`runtime_api` serves it, `spawning` and `starter` start it.
"""
