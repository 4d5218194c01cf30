"""Beam's runners: the options they get, and their failures as one line."""

import contextlib
import difflib
import io
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.runner import PipelineResult

from mashbill.models.device import THREADS_VARIABLE, WORKER_VARIABLE
from mashbill.models.errors import MashbillError
from mashbill.pipelines.beam_options import Options
from mashbill.pipelines.children import SAFE_PATH, environment
from mashbill.pipelines.interrupt import end_now
from mashbill.pipelines.machine import models_in_common
from mashbill.pipelines.memory import child_killed, is_out_of_memory, out_of_memory
from mashbill.pipelines.reaper import workers_end_with_the_driver

PROCESSES = "multi_processing"
LOCAL_RUNNER = "FnApiRunner"
CHECKED_RUNNERS = (LOCAL_RUNNER, "DirectRunner", "DataflowRunner")
WORKER_EXITED = "Worker subprocess exited"
WORKER_GONE = (WORKER_EXITED, "Channel closed prematurely")
WORKER_KILLED = "the pipeline failed: a worker process was killed, probably out of memory"
WHERE = r"(?: \[while running '[^']*'\])+$"  # Beam puts the name of its step behind a message
GRACE = 5.0  # seconds in which the runner may notice by itself that a worker is gone
DETACHED_RUNNERS = ("DataflowRunner",)  # a Flex Template's launcher must not wait for its job


def pipeline_options(beam_args: Sequence[str], workers: int) -> PipelineOptions:
    """Options from what follows `--`; by default the local runner with `workers` processes."""
    args = list(beam_args)
    _refuse_unknown(args)
    if not any(arg.startswith("--runner") for arg in args):
        args.append(f"--runner={LOCAL_RUNNER}")
    if workers > 1:
        threads = max(1, (os.cpu_count() or 1) // workers)
        os.environ.setdefault(THREADS_VARIABLE, str(threads))  # the worker processes inherit it
        args += [f"--direct_running_mode={PROCESSES}", f"--direct_num_workers={workers}"]
    return Options(args, pickle_library="cloudpickle")


def _refuse_unknown(args: list[str]) -> None:
    """A misspelt option is one that Beam ignores; a job server may know options of its own."""
    options = _parse(args)
    if (options.view_as(StandardOptions).runner or LOCAL_RUNNER) not in CHECKED_RUNNERS:
        return
    known = options.get_all_options()
    given = options.get_all_options(retain_unknown_options=True)
    for name in sorted(given.keys() - known.keys()):
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean --{near[0]}?)" if near else ""
        raise MashbillError(f"Beam's options: --{name}: no such option{hint}")


def _parse(args: list[str]) -> PipelineOptions:
    """The options; argparse's usage of some 300 lines becomes its last one, the error."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = Options(args)
            options.get_all_options()
            return options
    except SystemExit:
        message = said.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise MashbillError(f"Beam's options: {message}") from None


def new_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """An empty pipeline.

    Raises:
        MashbillError: the runner does not exist, or misses options or gets wrong ones.
    """
    try:
        return beam.Pipeline(options=options)
    except Exception as error:  # from argparse, the runner's module or a cloud's client
        problems = [line.strip() for line in str(error).splitlines()[1:]] or [str(error)]
        raise MashbillError(f"Beam's options: {' '.join(problems)}") from error


def run_pipeline(pipeline: beam.Pipeline, status: Callable[[], str] = str) -> PipelineResult:
    """Runs to the end, or submits where the runner works detached.

    Args:
        status: says what is finished; it goes behind the message of whatever ends the run.

    Raises:
        MashbillError: the job failed; the message is the first error of ours among the causes, or
            the last line of what the worker said.
    """
    # The runner logs the traceback that it raises as well.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            stack.enter_context(_watched_threads(status))
            stack.enter_context(environment(**SAFE_PATH))
            if pipeline.options.view_as(DirectOptions).direct_running_mode == PROCESSES:
                stack.enter_context(workers_end_with_the_driver())
                stack.enter_context(models_in_common())
                stack.enter_context(environment(**{WORKER_VARIABLE: "1"}))
            result = pipeline.run()
            if pipeline.options.view_as(StandardOptions).runner not in DETACHED_RUNNERS:
                result.wait_until_finish()
            return result
    except Exception as error:
        logging.getLogger(__name__).debug("the pipeline failed", exc_info=error)
        said = str(error) if isinstance(error, MashbillError) else _one_line(error)
        said = re.sub(WHERE, "", said)
        raise MashbillError(f"{said} ({there})" if (there := status()) else said) from error


@contextlib.contextmanager
def _watched_threads(status: Callable[[], str]) -> Iterator[None]:
    """Keeps tracebacks of the runner's threads to the log, and looks for workers that are gone.

    The local runner fails when it loses a worker in a bundle, but waits for ever for one that went
    before its first.
    """
    timers = []

    def heard(failure: threading.ExceptHookArgs) -> None:
        trace = (failure.exc_type, failure.exc_value, failure.exc_traceback)
        logging.getLogger(__name__).debug("a thread of the runner failed", exc_info=trace)
        if WORKER_EXITED in str(failure.exc_value):
            timer = threading.Timer(
                GRACE, lambda: end_now(f"{child_killed(WORKER_KILLED)} ({status()})", 1)
            )
            timer.daemon = True
            timer.start()
            timers.append(timer)

    before, threading.excepthook = threading.excepthook, heard
    try:
        yield
    finally:
        threading.excepthook = before
        for timer in timers:
            timer.cancel()


def _one_line(error: Exception) -> str:
    text = str(error)
    ours = re.findall(
        r"^mashbill\.models\.errors\.\w+: (.*?)(?: \[while running .*\])?$", text, re.MULTILINE
    )
    if ours:
        return ours[-1]
    if any(sign in text for sign in WORKER_GONE):
        return child_killed(WORKER_KILLED)
    if is_out_of_memory(text):
        return out_of_memory()
    lines = [line for line in text.splitlines() if line.strip()] or [type(error).__name__]
    return f"the pipeline failed: {lines[-1]}"
