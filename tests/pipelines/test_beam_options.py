import pickle
from collections import Counter

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TypeOptions,
)

from mashbill.pipelines.runner import new_pipeline, pipeline_options, run_pipeline


def test_a_job_parses_each_view_of_its_options_once(monkeypatch):
    parsed, parse = Counter(), PipelineOptions.__init__

    def counted(self, *args, **values):
        parsed[type(self)] += 1
        parse(self, *args, **values)

    monkeypatch.setattr(PipelineOptions, "__init__", counted)
    pipeline = new_pipeline(pipeline_options([], workers=1))
    _ = pipeline | beam.Create([1, 2]) | beam.Map(abs) | beam.GroupBy(abs)
    run_pipeline(pipeline)
    assert parsed[TypeOptions] == 1


def test_views_share_their_values_as_beams_do():
    options = pipeline_options(["--runner=FnApiRunner"], workers=1)
    options.view_as(StandardOptions).streaming = True
    for same in (options, options.view_as(SetupOptions), pickle.loads(pickle.dumps(options))):
        assert same.view_as(StandardOptions).streaming
        assert same.view_as(StandardOptions).runner == "FnApiRunner"
