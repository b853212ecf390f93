"""The local cloud: a backend (`backends`) and the simulators, with the stack deployed to them.

`start.started()` is the way in: a context manager that yields a `running.Cloud`. `running.connect()` finds the
cloud that `chat4all up` runs.
"""
