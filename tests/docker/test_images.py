"""The images and the compose file, read as text: nothing here needs a container engine."""

import re
from importlib.metadata import requires
from pathlib import Path

import apache_beam
import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCKERFILES = [ROOT / "docker" / "Dockerfile", ROOT / "docker" / "Dockerfile.gpu"]


def instructions(path: Path) -> list[tuple[str, str]]:
    """(INSTRUCTION, arguments), without comments and with continued lines joined."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split()[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def pins(path: Path) -> dict[str, str]:
    lines = [line.split("==") for line in path.read_text().splitlines() if "==" in line]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_is_pinned_and_runs_unprivileged(path):
    found = instructions(path)
    bases = [arguments.split()[0] for name, arguments in found if name == "FROM"]
    foreign = [base for base in bases if base not in ("worker", "${FLEX_LAUNCHER}")]
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", base) for base in foreign)
    names = [name for name, _ in found]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert [user for name, user in found if name == "USER"] == ["mashbill"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_whatever_an_image_copies_is_there(path):
    for name, arguments in instructions(path):
        if name == "COPY" and "--from" not in arguments:
            for source in arguments.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_both_images_hold_the_same_above_their_base():
    cpu, gpu = (path.read_text().split("COPY --from=beam", 1)[1] for path in DOCKERFILES)
    without = "    NVIDIA_VISIBLE_DEVICES=all \\\n    NVIDIA_DRIVER_CAPABILITIES=compute,utility\n"
    gpu = gpu.replace("PYTHONDONTWRITEBYTECODE=1 \\\n" + without, "PYTHONDONTWRITEBYTECODE=1\n")
    assert re.sub(r"^#.*\n", "", cpu, flags=re.M) == re.sub(r"^#.*\n", "", gpu, flags=re.M)


def test_the_images_install_the_versions_that_the_tests_use():
    tested = pins(ROOT / "requirements.txt")
    shipped = pins(ROOT / "docker" / "constraints.txt")
    assert {n: v for n, v in shipped.items() if n in tested and tested[n] != v} == {}
    assert {"apache-beam", "torch", "transformers", "boto3", "google-cloud-storage"} <= set(shipped)


def test_the_images_pin_all_that_they_install():
    shipped = {canonicalize_name(name) for name in pins(ROOT / "docker" / "constraints.txt")}
    required = [Requirement(one) for one in requires("mashbill")]
    extras = [{"extra": one} for one in ("", "aws", "gcp", "zh")]
    installed = {
        canonicalize_name(one.name)
        for one in required
        if any(one.marker is None or one.marker.evaluate(extra) for extra in extras)
    }
    assert installed - shipped == set()


def test_beam_is_of_one_version_everywhere():
    files = [*DOCKERFILES, ROOT / "docker" / "compose.flink.yaml"]
    found = {v for f in files for v in re.findall(r"apache/beam_\w[\w.]*:([\d.]+)", f.read_text())}
    assert found == {apache_beam.__version__}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker" / "compose.flink.yaml").read_text())


def test_flink_is_the_version_that_beam_defaults_to(compose):
    version = FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1]
    assert compose["services"]["jobmanager"]["image"].startswith(f"flink:{version}-")
    assert f"beam_flink{version}_job_server" in compose["services"]["job-server"]["image"]


def test_every_task_manager_has_a_worker_pool_in_its_network(compose):
    services = compose["services"]
    managers = {f"service:{name}" for name in services if name.startswith("taskmanager")}
    pools = [s for name, s in services.items() if name.startswith("pool")]
    assert {pool["network_mode"] for pool in pools} == managers
    assert all(pool["command"] == ["--worker_pool"] for pool in pools)


def test_what_the_services_refer_to_is_declared(compose):
    services = compose["services"].values()
    needed = {name for service in services for name in service.get("depends_on", ())}
    assert needed <= compose["services"].keys()
    volumes = {volume.split(":")[0] for s in services for volume in s.get("volumes", ())}
    assert {name for name in volumes if name.isidentifier()} == compose["volumes"].keys()


def test_ports_are_open_to_this_machine_alone_and_no_password_is_written_down(compose):
    services = compose["services"].values()
    ports = [port for service in services for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    secrets = [v for s in services for k, v in s.get("environment", {}).items() if "PASS" in k]
    assert all(secret.startswith("${STORE_PASSWORD:?") for secret in secrets)
