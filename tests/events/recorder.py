"""Record the events of a cloud's functions. Only the Lambda API is used, so that it works on any cloud."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final

from chat4all_local.cloud.function_logs import FunctionLogs
from chat4all_local.cloud.functions import configuration, function_names
from chat4all_local.cloud.running import Cloud
from tests.e2e.waiting import eventually

_TAP: Final = Path(__file__).with_name("tap.py")
_MARK: Final = "EVENT "

Event = dict[str, Any]


class Recorder:
    """A recorder of events: `heard` has each function's events in order. It changes the cloud's functions."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._logs = FunctionLogs(cloud, [])
        self.heard: dict[str, list[Event]] = {name: [] for name in function_names(cloud)}

    def install(self) -> None:
        functions = self._cloud.aws.functions()
        layer = functions.publish_layer_version(LayerName="tap", Content={"ZipFile": _zipped()})
        for name in self.heard:
            laid = [
                layer_version["Arn"] for layer_version in configuration(self._cloud, name).get("Layers", [])
            ]
            functions.update_function_configuration(
                FunctionName=f"{self._cloud.stack}-{name}",
                Handler="tap.handler",
                Layers=[*laid, layer["LayerVersionArn"]],
            )
        eventually(
            lambda: (
                {configuration(self._cloud, function)["LastUpdateStatus"] for function in self.heard}
                == {"Successful"}
            )
        )

    def listen(self) -> dict[str, list[Event]]:
        for line in self._logs.new_lines():
            _, mark, event = line.text.partition(_MARK)
            if mark:
                self.heard[line.function].append(json.loads(event))
        return self.heard


def _zipped() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(_TAP, "python/tap.py")
    return archive.getvalue()
