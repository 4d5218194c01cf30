import time

import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.inspect import inspect
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.sources import plan


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


@pytest.mark.parametrize("command", [finalize, inspect])
def test_a_data_set_in_a_store_is_refused_as_fast(nobody, command):
    pytest.importorskip("boto3")
    with pytest.raises(MashbillError, match="the data set: s3://b/out: no credentials for S3"):
        command("s3://b/out")


def test_and_so_is_a_corpus_whichever_command_reads_it(nobody):
    pytest.importorskip("boto3")
    with pytest.raises(MashbillError, match=r"corpus a: s3://b/\*.txt: no credentials for S3"):
        plan(CorpusSpec("a", "s3://b/*.txt"))
