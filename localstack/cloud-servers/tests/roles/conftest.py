import pytest
from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.services import lambda_svc


@pytest.fixture
def with_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """MiniStack with AUTH and its own functions for roles, which every test leaves as it found them."""
    for module, name in [
        (iam_actions, "extract_iam_action"),
        (lambda_runtime, "execution_credentials"),
        (lambda_svc, "execution_credentials"),
    ]:
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(app, "AUTH", True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
