"""The errors of the local cloud, each with an advice.

::

    CloudError
    ├── NotSetUp          the environments are missing
    ├── NotRunning        there is no cloud to talk to
    ├── NotOurs           the folder holds something else
    ├── Busy              another process is starting or stopping this one
    ├── ComponentFailed   a process died, or was not healthy in time
    └── ToolFailed        sam build, sam deploy
"""


def in_words(error: OSError) -> str:
    """Say what the system refused, and of which file, without its number."""
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename else said


class CloudError(Exception):
    """`advice` is a command, or what else to do; one line."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class NotSetUp(CloudError):
    pass


class NotRunning(CloudError):
    pass


class NotOurs(CloudError):
    pass


class Busy(CloudError):
    pass


class ComponentFailed(CloudError):
    """`log` is the end of what the component wrote."""

    def __init__(self, message: str, log: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.log = log


class ToolFailed(ComponentFailed):
    pass
