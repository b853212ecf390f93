"""The errors of the local cloud, each with advice for the user.

::

    CloudError
    ├── NotSetUp            a virtual environment or a build is missing
    ├── NotRunning          no cloud is running, or the running cloud is not ready
    ├── NotOurs             the folder is not a local cloud's
    ├── Busy                another launcher uses the folder
    ├── NotSaved            a stop could not save everything, or the disk is full
    └── ComponentFailed     a process ended, or was not healthy in time
        ├── ToolFailed      sam build failed
        └── DeploymentFailed  CloudFormation refused the template, or a resource failed
"""


def in_words(error: OSError) -> str:
    """Return the system's message and the file's name, without the error number."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


class CloudError(Exception):
    """An error of the local cloud; `advice` is one line that tells the user what to do."""

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


class NotSaved(CloudError):
    pass


class ComponentFailed(CloudError):
    """A component failed; `log` is the end of its log."""

    def __init__(self, message: str, log: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.log = log


class ToolFailed(ComponentFailed):
    pass


class DeploymentFailed(ComponentFailed):
    """A deployment failed; `log` has a line for each resource that failed."""
