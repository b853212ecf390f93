"""A chalice app that loads the resources that few requests are about at the first request for one of them."""

from collections.abc import Callable, Iterable
from typing import Any

from chalice.app import Chalice

from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.entrypoints.http.routes import bind
from chat4all.entrypoints.invocation import LambdaContext
from chat4all.services.access.authenticate import Authenticate


class LazyApp:
    """A handler of HTTP requests. A client waits for the start of a function; `rare` is not part of it."""

    def __init__(
        self,
        frequent: Iterable[object],
        rare: Callable[[], Iterable[object]],
        authenticate: Authenticate,
        cursors: SignedCursors,
    ) -> None:
        """Set the resources, each an instance of a class of views. `rare` imports and makes the others."""
        self._app = Chalice(app_name="chat4all", configure_logs=False)
        self._rare = rare
        self._authenticate = authenticate
        self._cursors = cursors
        self._is_whole = False
        bind(self._app, frequent, authenticate, cursors)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        asked = event.get("requestContext", {})
        if asked.get("httpMethod") not in self._app.routes.get(asked.get("resourcePath"), {}):
            self.whole()
        return self._app(event, context)

    def whole(self) -> Chalice:
        """Load the rare resources, if they are missing, and return the chalice app."""
        if not self._is_whole:
            bind(self._app, self._rare(), self._authenticate, self._cursors)
            self._is_whole = True
        return self._app
