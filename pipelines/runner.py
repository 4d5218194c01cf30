"""Beam's runners: the options they get, and their failures as one line."""

import logging
import os
import re
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from models.device import THREADS_VARIABLE
from models.errors import MashbillError

LOCAL_RUNNER = "FnApiRunner"
DETACHED_RUNNERS = ("DataflowRunner",)  # a Flex Template's launcher must not wait for its job


def pipeline_options(beam_args: Sequence[str], workers: int) -> PipelineOptions:
    """Options from what follows `--`; by default the local runner with `workers` processes."""
    args = list(beam_args)
    if not any(arg.startswith("--runner") for arg in args):
        args.append(f"--runner={LOCAL_RUNNER}")
    if workers > 1:
        threads = max(1, (os.cpu_count() or 1) // workers)
        os.environ.setdefault(THREADS_VARIABLE, str(threads))  # the worker processes inherit it
        args += ["--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    return PipelineOptions(args, pickle_library="cloudpickle")


def run_pipeline(pipeline: beam.Pipeline) -> None:
    """Runs to the end, or submits where the runner works detached.

    Raises:
        MashbillError: the job failed; the message is the first error of ours among the causes, or
            the last line of what the worker said.
    """
    # The runner logs the traceback that it raises as well.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    try:
        result = pipeline.run()
        if pipeline.options.view_as(StandardOptions).runner not in DETACHED_RUNNERS:
            result.wait_until_finish()
    except MashbillError:
        raise
    except Exception as error:
        logging.getLogger(__name__).debug("the pipeline failed", exc_info=error)
        raise MashbillError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    text = str(error)
    ours = re.findall(r"^models\.errors\.\w+: (.*?)(?: \[while running .*\])?$", text, re.MULTILINE)
    if ours:
        return ours[-1]
    lines = [line for line in text.splitlines() if line.strip()] or [type(error).__name__]
    return f"the pipeline failed: {lines[-1]}"
