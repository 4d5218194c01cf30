import time

import pytest

from mashbill.models.errors import MashbillError
from mashbill.transforms.credentials import check_credentials


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """An environment without credentials of any cloud."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.mark.parametrize(
    ("address", "hint"), [("s3://b/a.txt", "AWS_ACCESS_KEY_ID"), ("gs://b/out", "GOOGLE_APPL")]
)
def test_a_store_that_will_not_know_us_is_refused_in_seconds(nobody, address, hint):
    pytest.importorskip("boto3" if address.startswith("s3") else "google.auth")
    begin = time.monotonic()
    with pytest.raises(MashbillError, match=f"output.path: {address}: no credentials .*{hint}"):
        check_credentials("output.path", address, writes=True)
    assert time.monotonic() - begin < 10


def test_credentials_of_the_environment_do_and_files_need_none(nobody, monkeypatch):
    check_credentials("corpus.0.path", "data/a.txt")
    check_credentials("corpus.0.path", "gs://public/a.txt")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    check_credentials("corpus.0.path", "s3://b/a.txt")
