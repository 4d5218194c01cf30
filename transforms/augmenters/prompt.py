"""Whole texts written anew by a language model that is told in words what to do."""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from mashbill.models.endpoint_settings import Endpoint
from mashbill.models.errors import MashbillError
from mashbill.models.prompting import before, check_prompt, literal, render
from mashbill.models.references import ModelRef
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.rewrite import Rewriter
from mashbill.transforms.augmenters.rng import Rng
from mashbill.transforms.augmenters.shown_texts import Shown
from mashbill.transforms.augmenters.statistics import Statistics

if TYPE_CHECKING:
    from mashbill.models.endpoint import Client
    from mashbill.models.generator import Writer

PROMPT = (
    "Say the following text in other words. Keep its meaning, its tone and about its length, and "
    "answer with nothing but the new text.\n\n{{ text }}"
)
QUOTES = {'"': '"', "“": "”", "'": "'", "「": "」"}
LETTERS = 3  # of a token, at least, where nobody counts tokens
SEEDS = 2**31  # servers take that many
SYNTAX = 16  # tokens of JSON around an answer


class Prompted(Rewriter):
    """A language model does with a text what a prompt says: a causal model, or one that a server
    has."""

    name: ClassVar[str] = "rewrite.prompt"
    source: ClassVar[str] = "Cegin et al. 2023, ChatGPT to Replace Crowdsourcing of Paraphrases"

    model: str | None = Field(
        None, min_length=1, description="causal model: folder, hf://NAME, or a GGUF file"
    )
    endpoint: Endpoint | None = Field(None, description="a model of a server instead")
    prompt: str = Field(
        PROMPT,
        description="Jinja2 template; knows `text`, its `label` (a name, or none), `language` and "
        "`examples`, each with `text` and `label`",
    )
    examples: int = Field(
        0, ge=0, le=100, description="texts of the train split to show, others for each variant"
    )
    system: str | None = Field(None, description="system message, for models that chat")
    chat: bool | None = Field(
        None, description="the model's own chat template; by default if its tokenizer has one"
    )
    stop: tuple[str, ...] = Field((), description="the answer ends before the first of these")
    choices: int = Field(
        1, ge=1, le=16, description="answers asked for at once; the first that passes is taken"
    )
    structured: bool = Field(
        False,
        description="ask the server for JSON by a schema, so that it says nothing beside the "
        "answers; for those that can",
    )

    _labels: tuple[str, ...] = PrivateAttr(())
    _shown: tuple[Shown, ...] | None = PrivateAttr(None)

    @field_validator("prompt")
    @classmethod
    def _renders(cls, prompt: str) -> str:
        example = {"text": "text", "label": "label"}
        return check_prompt(prompt, text="text", label="label", language="en", examples=[example])

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.model is None) == (self.endpoint is None):
            raise ValueError("give either `model` or `endpoint`")
        if self.beams > 1 and self.endpoint is not None:
            raise ValueError("beams: not available with an endpoint")
        if self.beams > 1 and self.choices > 1:
            raise ValueError("choices: a beam search has one answer")
        if self.structured and self.endpoint is None:
            raise ValueError("structured: only with an endpoint")
        return self

    def needs(self) -> list[ModelRef]:
        return [] if self.model is None else [ModelRef(self.model, "writer")]

    def endpoints(self) -> list[Endpoint]:
        return [] if self.endpoint is None else [self.endpoint]

    def load(self) -> None:
        _ = self._writer if self.endpoint is None else self._client

    def with_labels(self, names: Sequence[str]) -> "Prompted":
        copy = self.model_copy()
        copy._labels = tuple(names)
        return copy

    @property
    def is_random(self) -> bool:
        return super().is_random or self._others > 0 or self.endpoint is not None

    @property
    def needs_statistics(self) -> bool:  # type: ignore[override]
        return self._others > 0

    @property
    def _others(self) -> int:
        """How many texts beside the row's own are shown."""
        return self.examples

    def with_statistics(self, statistics: Statistics) -> "Prompted":
        copy = self.model_copy()
        copy._shown = statistics.shown
        return copy

    @property
    def instructions(self) -> tuple[str, ...]:
        return (literal(self.prompt), self.system or "")

    def shown(self, request: Request) -> list[Sequence[Shown]]:
        """Texts of the train split, drawn by the seed; not the text itself."""
        return [*map(self._examples, request.texts, request.seeds)]

    def _examples(self, text: str, seed: int) -> Sequence[Shown]:
        if not self._others:
            return ()
        if self._shown is None:
            raise MashbillError(f"{self.name} needs the statistics of a corpus (with_statistics)")
        others = [one for one in self._shown if one.text != text]
        return [others[place] for place in Rng(seed).sample(len(others), self._others)]

    def spent(self) -> Counter[str]:
        client = self.__dict__.get("_client")
        return Counter() if client is None else Counter(client.spent)

    @cached_property
    def _writer(self) -> "Writer":
        from mashbill.models.generator import Writer

        how = {"max_length": self.max_length, "precision": self.precision, "device": self.device}
        return Writer.load(self.model, **how)

    @cached_property
    def _client(self) -> "Client":
        from mashbill.models.endpoint import Client

        return Client(self.endpoint)

    def answers(
        self, request: Request, shown: Sequence[Sequence[Shown]]
    ) -> list[Sequence[str] | None]:
        labels = request.labels or [None] * len(request.texts)
        prompts = [
            self._rendered(text, self._label(label), seed, self._told(some))
            for text, seed, label, some in zip(
                request.texts, request.seeds, labels, shown, strict=True
            )
        ]
        if self.endpoint is not None:
            answers = self._ask(request, prompts)
        else:
            limits = self._limits(self._writer.lengths(request.texts))
            how = (self._chats(prompts), request.seeds, limits, self.stop, self.choices)
            answers = self._rewrite(self._writer, *how)
        return [
            None if own is None else [unquoted(answer, text) for answer in own]
            for own, text in zip(answers, request.texts, strict=True)
        ]

    def _rendered(self, text: str, label: Any, seed: int, examples: list[dict[str, Any]]) -> str:
        language = self.language.name
        return render(self.prompt, text=text, label=label, language=language, examples=examples)

    def _told(self, shown: Sequence[Shown]) -> list[dict[str, Any]]:
        """The examples, as templates know them."""
        return [{"text": one.text, "label": self._label(one.label)} for one in shown]

    def _label(self, label: Any) -> Any:
        return self._labels[label] if isinstance(label, int) and self._labels else label

    def _messages(self, prompt: str) -> list[dict[str, str]]:
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        return [*system, {"role": "user", "content": prompt}]

    def _chats(self, prompts: Sequence[str]) -> list[str]:
        tokenizer = self._writer.words
        if not (tokenizer.chat_template if self.chat is None else self.chat):
            return list(prompts)
        chats = (
            tokenizer.apply_chat_template(
                self._messages(prompt), tokenize=False, add_generation_prompt=True
            )
            for prompt in prompts
        )
        # The tokenizer puts this token before every text by itself.
        return [chat.removeprefix(tokenizer.bos_token or "") for chat in chats]

    def _ask(self, request: Request, prompts: Sequence[str]) -> list[Sequence[str]]:
        sizes = self._limits([len(text) // LETTERS for text in request.texts])
        form = self._form
        questions = [
            {
                "messages": self._messages(prompt),
                "temperature": self.temperature,
                "top_p": self.top_p,
                "seed": seed % SEEDS,
                "max_tokens": (size + SYNTAX) * self.choices if self.structured else size,
                **form,
            }
            for size, seed, prompt in zip(sizes, request.seeds, prompts, strict=True)
        ]
        started = self._client.seconds
        answers = self._client.ask(questions)
        self._seconds += self._client.seconds - started
        if not self.structured:
            return answers
        return [[before(one, self.stop) for one in texts_of(said)] for (said, *_) in answers]

    @property
    def _form(self) -> dict[str, Any]:
        """How many answers a question asks for, and where they end."""
        if self.structured:
            return {"response_format": schema(self.choices)}
        several = {"n": self.choices} if self.choices > 1 else {}
        return {"stop": list(self.stop), **several} if self.stop else several


def schema(answers: int) -> dict[str, Any]:
    """What asks a server for an object with so many texts, as OpenAI's protocol has it."""
    names = [f"text_{number}" for number in range(1, answers + 1)]
    form = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    named = {"name": "answers", "strict": True, "schema": form}
    return {"type": "json_schema", "json_schema": named}


def texts_of(answer: str) -> list[str]:
    """The texts of such an object, none where it is something else."""
    try:
        found = json.loads(answer)
    except ValueError:
        return []
    if not isinstance(found, dict):
        return []
    return [text for text in found.values() if isinstance(text, str)]


def unquoted(answer: str, text: str) -> str:
    """Without the quotation marks around it, unless the text has them too."""
    answer = answer.strip()
    closing = QUOTES.get(answer[:1])
    framed = closing and len(answer) > 1 and answer.endswith(closing)
    return answer[1:-1].strip() if framed and not text.startswith(answer[0]) else answer
