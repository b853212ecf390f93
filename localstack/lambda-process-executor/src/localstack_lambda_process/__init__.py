"""Lambda functions as processes, without Docker, for LocalStack in host mode.

`executor` is what LocalStack sees; everything below it knows nothing of LocalStack: `sandbox` keeps one function's
process, `runtime_api` talks to it, `spawning` and `starter` start it.
"""
