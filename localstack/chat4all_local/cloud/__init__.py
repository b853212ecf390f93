"""The local cloud: a backend (`backends`) with the deployed stack, and the simulators of the providers.

Begin with `start.started()`, a context manager that yields a `running.Cloud`. `running.connect()` finds the
cloud that `chat4all up` runs.
"""
