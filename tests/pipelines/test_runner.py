import apache_beam as beam
import pytest

from mashbill.models.errors import MashbillError
from mashbill.pipelines.runner import new_pipeline, pipeline_options, run_pipeline


def test_a_misspelt_option_is_named_with_its_right_spelling():
    with pytest.raises(MashbillError, match=r"--direct_num_wrkers.*--direct_num_workers\?"):
        pipeline_options(["--direct_num_wrkers=2"], workers=1)


def test_a_value_of_the_wrong_type_is_one_line():
    with pytest.raises(MashbillError) as raised:
        pipeline_options(["--direct_num_workers=x"], workers=1)
    assert str(raised.value) == (
        "Beam's options: argument --direct_num_workers: invalid int value: 'x'"
    )


def test_a_job_server_may_know_options_of_its_own():
    args = ["--runner=PortableRunner", "--job_endpoint=localhost:1", "--object_reuse=true"]
    pipeline_options(args, workers=1)


def test_a_runner_that_does_not_exist_is_one_line():
    with pytest.raises(MashbillError, match="Unexpected pipeline runner: NoRunner"):
        new_pipeline(pipeline_options(["--runner=NoRunner"], workers=1))


def test_an_error_of_ours_stands_without_the_step_that_raised_it():
    def fail(_):
        raise MashbillError("reviews.csv: no column 'text'")

    pipeline = new_pipeline(pipeline_options([], workers=1))
    _ = pipeline | beam.Create([1]) | "some step" >> beam.Map(fail)
    with pytest.raises(MashbillError) as raised:
        run_pipeline(pipeline, lambda: "1 of 3 shards are finished")
    assert str(raised.value) == "reviews.csv: no column 'text' (1 of 3 shards are finished)"
