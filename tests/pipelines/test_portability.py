"""What travels to an engine's workers: the pipeline proto, and every function in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.portability.python_urns import PICKLED_DOFN_INFO
from apache_beam.runners import pipeline_context
from apache_beam.utils import proto_utils

from mashbill.pipelines.job import build_pipeline
from mashbill.pipelines.prepare import prepare
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.runner import pipeline_options
from mashbill.transforms.coders import RecordBatchCoder
from tests.pipelines.runs import make, read_rows, settings, write_corpus

PRIMITIVES = common_urns.primitives
# What Flink's batch translator takes (FlinkBatchPortablePipelineTranslator), and Dataflow too.
TRANSLATED = {
    PRIMITIVES.IMPULSE.urn,
    PRIMITIVES.PAR_DO.urn,
    PRIMITIVES.GROUP_BY_KEY.urn,
    PRIMITIVES.FLATTEN.urn,
    common_urns.composites.RESHUFFLE.urn,
    "beam:transform:pickled_python:v1",
}


@pytest.fixture(scope="module")
def proto(tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    folder = tmp_path_factory.mktemp("portability")
    write_corpus(folder)
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = settings(folder, models)
    values["augment"]["methods"].append({"use": "distribution.unigram"})  # has a side input
    recipe = Recipe.model_validate(values)
    pipeline = build_pipeline(recipe, prepare(recipe), frozenset({0, 2}), pipeline_options([], 1))
    return pipeline.to_runner_api()


def leaves(proto) -> dict[str, beam_runner_api_pb2.PTransform]:
    """The transforms that an engine must run itself."""
    return {
        one.unique_name: one
        for one in proto.components.transforms.values()
        if not one.subtransforms and one.spec.urn
    }


def par_dos(proto) -> dict[str, beam_runner_api_pb2.ParDoPayload]:
    return {
        name: proto_utils.parse_Bytes(one.spec.payload, beam_runner_api_pb2.ParDoPayload)
        for name, one in leaves(proto).items()
        if one.spec.urn == PRIMITIVES.PAR_DO.urn
    }


def test_only_what_every_engine_translates(proto):
    assert {one.spec.urn for one in leaves(proto).values()} <= TRANSLATED
    assert PRIMITIVES.GROUP_BY_KEY.urn in {one.spec.urn for one in leaves(proto).values()}


def test_no_state_no_timers_no_splittable_functions(proto):
    assert par_dos(proto)
    for name, payload in par_dos(proto).items():
        assert not payload.state_specs, name
        assert not payload.timer_family_specs, name
        assert not payload.restriction_coder_id, name
        assert not payload.requires_stable_input, name


def test_everything_is_bounded_and_in_the_global_window(proto):
    bounded = beam_runner_api_pb2.IsBounded.BOUNDED
    assert {one.is_bounded for one in proto.components.pcollections.values()} == {bounded}
    assert len(proto.components.windowing_strategies) >= 1
    assert {one.window_fn.urn for one in proto.components.windowing_strategies.values()} == {
        "beam:window_fn:global_windows:v1"
    }


def test_batches_travel_by_a_coder_of_their_own_and_not_pickled(proto):
    context = pipeline_context.PipelineContext(proto.components)
    for name in ("meet duplicates", "meet their shard"):
        (shuffle,) = (
            one for one in proto.components.transforms.values() if one.unique_name == name
        )
        (batches,) = shuffle.inputs.values()
        coder = context.coders.get_by_id(proto.components.pcollections[batches].coder_id)
        assert isinstance(coder.value_coder(), RecordBatchCoder)


def test_every_function_is_unpickled_and_set_up_in_a_clean_process(proto, tmp_path):
    path = tmp_path / "functions"
    path.mkdir()
    pickled = [one.do_fn for one in par_dos(proto).values() if one.do_fn.urn == PICKLED_DOFN_INFO]
    for number, function in enumerate(pickled):
        (path / f"{number:03d}").write_bytes(function.payload)
    script = """
import gc, sys
gc.disable()  # a seventh of the time that importing takes
from pathlib import Path
from apache_beam.internal import pickler
pickler.set_library("cloudpickle")
for path in sorted(Path(sys.argv[1]).iterdir()):
    function = pickler.loads(path.read_bytes())[0]
    function.setup()
    function.start_bundle()
    print(type(function).__module__, type(function).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    names = {line.split()[-1] for line in done.stdout.splitlines()}
    assert {"Annotate", "Augment", "Similarity", "TeacherFilter", "WriteShard"} <= names


def test_no_element_grows_beyond_a_few_megabytes_whatever_the_texts(
    tmp_path, tiny_classifier, tiny_encoder, tiny_mlm, monkeypatch
):
    """Of one shard, three texts of a megabyte each, with two variants, travel in many elements."""
    texts = [json.dumps({"text": f"{i} " + "a good film , " * 75_000}) for i in range(3)]
    (tmp_path / "long.jsonl").write_text("\n".join(texts))
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    path = str(tmp_path / "long.jsonl")
    corpus = [{"name": "long", "path": path, "split": "train", "max_characters": 2_000_000}]
    augment = {"copies": 2, "methods": [{"use": "edit.duplicate"}]}
    output = {"path": str(tmp_path / "out"), "shards": 1}
    values = settings(tmp_path, models, corpus=corpus, augment=augment, filter={}, output=output)
    sizes = []
    encode = RecordBatchCoder.encode

    def measured(self, batch):
        sizes.append(len(encoded := encode(self, batch)))
        return encoded

    monkeypatch.setattr(RecordBatchCoder, "encode", measured)
    assert len(read_rows(make(values, tmp_path / "out"))) == 9
    assert 1_000_000 < max(sizes) < 5_000_000
