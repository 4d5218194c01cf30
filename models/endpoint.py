"""Language models behind a server that speaks OpenAI's protocol (chat completions)."""

import email.utils
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import tenacity

from mashbill.models.answers import Answers, default_cache
from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError, RowError, first_line
from mashbill.models.spending import Account

LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})  # statuses worth another attempt
LONGEST_WAIT = 120.0  # seconds between two attempts, whatever the server asks for


def contents(reply: Mapping[str, Any]) -> list[str]:
    """What an answer says, once for each of its choices."""
    return [choice["message"]["content"] or "" for choice in reply["choices"]]


class Client:
    """Asks an endpoint; what it is asked twice, it answers from its cache.

    Args:
        endpoint: which, and how.
        read: what is wanted of an answer, as it came; it is what the cache keeps.

    Attributes:
        spent: `requests`, `tokens` and `cached` answers so far.

    Raises:
        ModelError: the variable with the key is not set.
    """

    def __init__(
        self, endpoint: Endpoint, read: Callable[[Mapping[str, Any]], list[str]] = contents
    ):
        self.endpoint, self._read = endpoint, read
        self.spent: Counter[str] = Counter()
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._key = endpoint.key()
        self._account = Account(endpoint)

    def __getstate__(self) -> Any:
        raise TypeError("a client holds a key and stays in its process")

    def ask(self, questions: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """The answers to each question: one, or up to `n` where it asks for so many.

        Args:
            questions: bodies of requests without the model: `messages`, `temperature`, `seed`, ….

        Raises:
            ModelError: the server refuses the key, has no such model, is not there, or the bound
                on the spending is reached.
            RowError: the server does not take a question.
        """
        start = time.perf_counter()
        with ThreadPoolExecutor(self.endpoint.concurrency) as pool:
            asked = [pool.submit(self._one, question) for question in questions]
            try:
                answers = [one.result() for one in asked]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self.seconds += time.perf_counter() - start
        refused = [row for row, answer in enumerate(answers) if isinstance(answer, _Refused)]
        if refused:
            raise RowError(f"{self.endpoint.url}: {answers[refused[0]].why}", refused)
        return answers

    def _one(self, question: Mapping[str, Any]) -> "list[str] | _Refused":
        body = {"model": self.endpoint.model, **question}
        asked = {"url": self.endpoint.url, **body}
        if (said := self._answers.get(asked)) is not None:
            self._count(cached=1)
            return said
        reply = self._post(body)
        if isinstance(reply, _Refused):
            return reply
        try:
            answers = self._read(reply)
            tokens = (reply.get("usage") or {}).get("total_tokens") or 0
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ModelError(f"{self.endpoint.url}: the answer is not OpenAI's protocol") from error
        except ModelError as error:
            raise ModelError(f"{self.endpoint.url}: {error}") from None
        if not answers:
            raise ModelError(f"{self.endpoint.url}: the answer is not OpenAI's protocol")
        self._count(tokens=tokens)
        self._account.add(tokens)
        self._answers.put(asked, answers)
        return answers

    def _post(self, body: Mapping[str, Any]) -> "dict[str, Any] | _Refused":
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.endpoint.attempts),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_Later),
            sleep=self._sleep,
        )
        try:
            return attempts(self._attempt, body)
        except tenacity.RetryError as error:
            last = error.last_attempt.exception()
            raise ModelError(
                f"{self.endpoint.url}: gave up after {self.endpoint.attempts} attempts: {last}"
            ) from None

    def _attempt(self, body: Mapping[str, Any]) -> "dict[str, Any] | _Refused":
        self._account.take()
        self._count(requests=1)
        try:
            reply = self._http.post("/chat/completions", json=body)
        except httpx.TransportError as error:
            raise _Later(first_line(error) or type(error).__name__, None) from None
        if reply.status_code in LATER:
            raise _Later(f"status {reply.status_code}", _seconds(reply.headers.get("retry-after")))
        if reply.status_code in (401, 403):
            named = f" from {self.endpoint.key_from}" if self._key else ": `key_from` names none"
            raise ModelError(f"{self.endpoint.url} refuses the key{named} ({reply.status_code})")
        if reply.status_code == 404:
            raise ModelError(
                f"{self.endpoint.url} has no model {self.endpoint.model!r}, or is no address of a "
                "server (404)"
            )
        if reply.is_error:
            return _Refused(f"status {reply.status_code}: {self._without_key(reply.text)}")
        try:
            return reply.json()
        except ValueError:
            raise ModelError(f"{self.endpoint.url}: the answer is not JSON") from None

    def _count(self, **numbers: int) -> None:
        with self._lock:
            self.spent.update(numbers)

    def _without_key(self, text: str) -> str:
        line = " ".join(text.split())[:300]
        return line.replace(self._key, "…") if self._key else line

    @cached_property
    def _answers(self) -> Answers:
        return Answers(Path(self.endpoint.cache or default_cache()))

    @cached_property
    def _http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.Client(
            base_url=self.endpoint.url, headers=headers, timeout=self.endpoint.timeout
        )

    _sleep = staticmethod(time.sleep)


class _Later(Exception):
    """An attempt that may succeed later; `seconds` are those that the server asks to wait."""

    def __init__(self, why: str, seconds: float | None):
        super().__init__(why)
        self.seconds = seconds


class _Refused:
    """A question that the server does not take."""

    def __init__(self, why: str):
        self.why = why


_BACKOFF = tenacity.wait_random_exponential(multiplier=1, max=LONGEST_WAIT)  # with full jitter


def _wait(state: tenacity.RetryCallState) -> float:
    wanted = getattr(state.outcome.exception(), "seconds", None)
    backoff = _BACKOFF(state)
    return backoff if wanted is None else min(wanted + min(backoff, 1.0), LONGEST_WAIT)


def _seconds(retry_after: str | None) -> float | None:
    """Of the header: seconds, or a date."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
