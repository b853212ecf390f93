"""The local cloud: a backend (`backends`) and the simulators, with the stack deployed to them.

Begin with `start.started()`, a context manager that yields a `running.Cloud`. `running.connect()` finds the
cloud that `chat4all up` runs.
"""
