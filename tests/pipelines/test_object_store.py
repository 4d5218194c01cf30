"""Input and output in an object store: an S3 server on this machine, through Beam's file system."""

import json
import os
import socket

import boto3
import pytest
from apache_beam.io.filesystems import FileSystems

from mashbill.models.errors import MashbillError
from mashbill.pipelines.finalize import finalize
from mashbill.pipelines.generate import generate
from mashbill.pipelines.lock import Holder, writes_into
from mashbill.pipelines.recipe import Recipe
from mashbill.transforms.credentials import check_credentials
from mashbill.transforms.layout import LOCKS
from tests.pipelines.runs import assert_same_rows, make, read_rows, settings, write_corpus

BUCKET = "texts"
METHODS = [{"use": "typo.keyboard", "rate": 0.1}, {"use": "edit.swap"}]


@pytest.fixture(scope="module")
def store():
    """An empty S3 server; boto3, and so Beam, finds it through the environment."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "someone")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setattr(boto3.session.Session, "client", shared_clients())
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


def shared_clients():
    """Makes one client for each set of options; Beam wants one per file, at 0.2 seconds each."""
    clients, make = {}, boto3.session.Session.client

    def client(session, *service, **options):
        key = (os.environ["AWS_ENDPOINT_URL"], *service, *sorted(options.items()))
        if key not in clients:
            clients[key] = make(session, *service, **options)
        return clients[key]

    return client


@pytest.fixture(scope="module")
def runs(store, tmp_path_factory, tiny_classifier):
    """The same recipe with everything on disk, and with corpus and output in the store."""
    folder = tmp_path_factory.mktemp("object_store")
    write_corpus(folder)
    for path in (folder / "reviews.jsonl", folder / "more.txt"):
        store.upload_file(str(path), BUCKET, f"corpus/{path.name}")
    models = dict.fromkeys(("classifier", "encoder", "mlm"), tiny_classifier)
    recipe = settings(folder, models, filter={}, augment={"copies": 2, "methods": METHODS})
    recipe["output"]["shards"] = 2
    local = read_rows(make(recipe, folder / "local"))
    for corpus in recipe["corpus"]:
        corpus["path"] = corpus["path"].replace(str(folder), f"s3://{BUCKET}/corpus")
    recipe["output"]["path"] = f"s3://{BUCKET}/out"
    recipe = Recipe.model_validate(recipe)
    assert generate(recipe)
    finalize(recipe.output.path, max_rejects=1.0)
    return recipe, local


def objects(store) -> dict[str, bytes]:
    listed = store.list_objects_v2(Bucket=BUCKET, Prefix="out/")["Contents"]
    keys = [entry["Key"] for entry in listed]
    return {key: store.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_the_rows_are_those_of_a_run_on_disk(store, runs, tmp_path):
    _, local = runs
    (tmp_path / "data").mkdir()
    for key, content in objects(store).items():
        if key.startswith("out/data/"):
            (tmp_path / "data" / key.rpartition("/")[2]).write_bytes(content)
    assert_same_rows(read_rows(tmp_path), local)


def test_nothing_temporary_stays_and_all_that_belongs_is_there(store, runs):
    recipe, _ = runs
    keys = {key.removeprefix("out/") for key in objects(store)}
    assert not [key for key in keys if ".tmp-" in key]
    assert {"README.md", "run.json", "report.html", ".mashbill/run.json"} <= keys
    markers = [key for key in keys if key.startswith(".mashbill/") and "shard" in key]
    assert len(markers) == recipe.output.shards


def test_a_rerun_makes_only_what_is_missing(store, runs):
    recipe, _ = runs
    before = objects(store)
    marker = sorted(key for key in before if "/.mashbill/" in key and "shard" in key)[0]
    store.delete_object(Bucket=BUCKET, Key=marker)
    written = {
        entry["Key"]: entry["LastModified"]
        for entry in store.list_objects_v2(Bucket=BUCKET, Prefix="out/data/")["Contents"]
    }
    assert generate(recipe)
    after = objects(store)
    assert after.keys() == before.keys()
    data = [key for key in before if key.startswith("out/data/")]
    assert {key: after[key] for key in data} == {key: before[key] for key in data}
    again = {
        entry["Key"]
        for entry in store.list_objects_v2(Bucket=BUCKET, Prefix="out/data/")["Contents"]
        if entry["LastModified"] != written[entry["Key"]]
    }
    shard = f"-{json.loads(before[marker])['shard']:05d}-of-"
    assert all(shard in key for key in again)


def test_another_recipe_is_refused(runs):
    recipe, _ = runs
    with pytest.raises(MashbillError, match="holds a run with other settings"):
        generate(recipe.model_copy(update={"seed": 8}))


def test_one_of_two_writers_stays_and_dead_ones_are_forgotten(store):
    out = f"s3://{BUCKET}/locked"
    check_credentials("output.path", out, writes=True)
    dead = Holder("gone", True, socket.gethostname(), 1, 1.0, 1.0, 1.0, "dead.json")
    key = f"locked/{LOCKS}/{dead.name}"
    store.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(dead._asdict()))

    def held() -> int:
        return store.list_objects_v2(Bucket=BUCKET, Prefix="locked/")["KeyCount"]

    with writes_into(out, "a") as nobody_else:
        assert nobody_else
        assert held() == 1
        for run, alone in (("b", False), ("b", True), ("a", True)):
            with (
                pytest.raises(MashbillError, match=rf"another run .*\(process {os.getpid()} on "),
                writes_into(out, run, alone),
            ):
                pass
        with writes_into(out, "a") as nobody_else:  # another partition of the same run
            assert not nobody_else
    assert held() == 0


def test_a_data_set_is_finalized_without_a_job_before_it(runs, monkeypatch):
    recipe, _ = runs
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    assert finalize(recipe.output.path, max_rejects=1.0).missing == []


def test_no_credential_is_written(store, runs):
    assert [key for key, content in objects(store).items() if b"very-secret" in content] == []


def test_the_endpoint_may_also_be_an_option_of_beam(store, runs, monkeypatch):
    recipe, _ = runs
    endpoint = store.meta.endpoint_url
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert generate(recipe, beam_args=[f"--s3_endpoint_url={endpoint}"])
