"""Beam's pipeline options, of which each view is parsed once."""

from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


class Options(PipelineOptions):
    """Beam's options, which it asks for views of wherever it checks a type: some 300 times for a
    small job, and parses its command line anew each time, a sixth of such a job's work."""

    def view_as(self, cls: type[PipelineOptions]) -> Any:
        """See Beam; all views share their values, so that one of each class is enough."""
        views = vars(self).setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_views"}
