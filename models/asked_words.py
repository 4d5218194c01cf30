"""A language model behind a server that labels texts by what it would say first."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from mashbill.models.endpoint import Client
from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import ModelError, RowError
from mashbill.models.label_words import CONTENT_FREE, LabelWords
from mashbill.models.prompting import render

LIKELIEST = 20  # tokens, as many as OpenAI's protocol gives


def likeliest(reply: Mapping[str, Any]) -> list[str]:
    """The likeliest first tokens of an answer with their log-probabilities, as JSON."""
    told = reply["choices"][0].get("logprobs")
    tokens = told and told["content"][0]["top_logprobs"]
    if not tokens:
        raise ModelError("the server tells no probabilities of tokens (`top_logprobs`)")
    return [json.dumps([(one["token"], one["logprob"]) for one in tokens])]


class AskedWords(LabelWords):
    """As `LabelWords`, from the tokens that the server says are likeliest.

    A token stands for a label if one of the label's names, and none of another label's, begins
    with it, casing and spaces aside. A label without any is at most as likely as the last of the
    tokens, and as all that are not among them together; it gets the smaller of the two.

    Args:
        endpoint: the server and its model.
        prompt, names, calibrate: see `LabelWords`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        prompt: str,
        names: Sequence[Sequence[str]],
        calibrate: bool = True,
    ):
        self.client = Client(endpoint, likeliest)
        self.spoken = [[_plain(name) for name in of_label] for of_label in names]
        super().__init__(_Server(self.client), prompt, names, calibrate)

    def spent(self) -> Counter[str]:
        """What was paid so far, see `Client`."""
        return Counter(self.client.spent)

    def _scores(self, texts: Sequence[str]) -> np.ndarray:
        questions = [
            {
                "messages": [{"role": "user", "content": render(self.prompt, text=text)}],
                "max_tokens": 1,
                "temperature": 0,
                "logprobs": True,
                "top_logprobs": LIKELIEST,
            }
            for text in texts
        ]
        rows = [self._of_labels(json.loads(said)) for (said, *_) in self.client.ask(questions)]
        silent = [place for place, (_, named) in enumerate(rows) if not named]
        if silent and tuple(texts) != CONTENT_FREE:
            raise RowError(
                f"{self.client.endpoint.url}: no label's name begins with one of the {LIKELIEST} "
                f"likeliest tokens in row {silent[0]}",
                silent,
            )
        return np.array([scores for scores, _ in rows], np.float32)

    def _of_labels(self, tokens: Sequence[tuple[str, float]]) -> tuple[list[float], bool]:
        """The score of each label, and whether any has a token of its own."""
        found: list[list[float]] = [[] for _ in self.spoken]
        for token, score in tokens:
            plain = _plain(token)
            labels = [
                label
                for label, names in enumerate(self.spoken)
                if plain and any(name.startswith(plain) for name in names)
            ]
            if len(labels) == 1:
                found[labels[0]].append(score)
        rest = 1.0 - math.fsum(math.exp(score) for _, score in tokens)
        unseen = min(score for _, score in tokens)
        if rest > 0:
            unseen = min(unseen, math.log(rest))
        return [float(logsumexp(own)) if own else unseen for own in found], any(found)


class _Server:
    """What else is asked of a model: it reads all of a text, and nobody knows its size."""

    parameters = 0
    model = SimpleNamespace(config=SimpleNamespace(to_dict=dict))

    def __init__(self, client: Client):
        self.client = client

    @property
    def forward_seconds(self) -> float:
        return self.client.seconds

    def windows(self, texts: Sequence[str]) -> list[None]:
        return [None] * len(texts)


def _plain(text: str) -> str:
    return text.strip().casefold()
