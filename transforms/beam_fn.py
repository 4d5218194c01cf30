"""What all DoFns here have in common."""

import apache_beam as beam

CALLED = ("setup", "start_bundle", "process", "finish_bundle", "teardown")


class Fn(beam.DoFn):
    """A DoFn without state and timers.

    Beam looks for these, eight times for each step of a job, in the signature of every method that
    `dir` names. Of some thirty it calls the five that are named here.
    """

    def __dir__(self) -> tuple[str, ...]:
        return CALLED
