import pytest

from chat4all_local.bench.upload import measure
from chat4all_local.cloud.errors import CloudError


def test_an_upload_that_never_ends_is_given_up_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_WITHIN_S", 0.1)
    with pytest.raises(CloudError, match="did not end"):
        measure._run(["-c", "import time; time.sleep(60)"])
