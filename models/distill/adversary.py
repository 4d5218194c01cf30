"""The assistant: a masked LM that rewrites texts to where teacher and student differ most.

Rashid et al. 2021, "MATE-KD: Masked Adversarial TExt, a Companion to Knowledge Distillation",
section 3: some tokens are hidden, the masked LM fills them in, and it is trained to maximise the
divergence of teacher and student on what it wrote. Tokens are discrete; the gradient passes through
a straight-through Gumbel-softmax (Jang et al. 2017), whose one-hot rows each model multiplies with
its own embedding matrix.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from mashbill.models.distill.losses import divergence
from mashbill.models.errors import ModelError
from mashbill.models.masked_places import MaskedPlaces, Places
from mashbill.models.training import without_dropout

if TYPE_CHECKING:
    from mashbill.models.distill.kd import SoftLabels, Terms
    from mashbill.models.distill.step import Step

Inputs = Mapping[str, Tensor]
Divergence = Callable[[Tensor, Tensor], Tensor]


def draw_places(ids: Tensor, attention_mask: Tensor, special: Tensor, rate: float) -> Places:
    """Rows and columns of the tokens to replace: each ordinary one with probability `rate`.

    Args:
        ids, attention_mask: int64 [rows, width].
        special: ids of the special tokens, which are never drawn; nor is padding.
    """
    ordinary = attention_mask.bool() & ~torch.isin(ids, special)
    drawn = torch.rand(ids.shape, device=ids.device) < rate
    return (ordinary & drawn).nonzero(as_tuple=True)


def embed(model: PreTrainedModel, ids: Tensor, places: Places, one_hots: Tensor) -> Tensor:
    """Token embeddings of a model, [rows, width, dim], with one-hot rows in place of some ids.

    Args:
        one_hots: [places, vocabulary]; a gradient flows back to these.
    """
    embedding = model.get_input_embeddings()
    # a vocabulary padded to a round size has rows that no token uses
    weight = embedding.weight[: one_hots.shape[1]]
    return embedding(ids).index_put(places, (one_hots @ weight).to(weight.dtype))


class Assistant:
    """The masked LM with what it needs to rewrite a batch.

    Args:
        model: a masked LM; its parameters are what is trained.
        tokenizer: of the masked LM, and of teacher and student too.
        rate: share of the ordinary tokens to replace.
        temperature: of the Gumbel-softmax.
        divergence: of the teacher's and the student's logits, a row each; see `Task`.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        rate: float = 0.3,
        temperature: float = 1.0,
        divergence: Divergence = divergence,
    ):
        if tokenizer.mask_token_id is None:
            raise ModelError("the assistant's tokenizer has no mask token")
        self.model, self.rate, self.temperature = model, rate, temperature
        self.divergence = divergence
        self.mask_id: int = tokenizer.mask_token_id
        self.vocabulary = len(tokenizer)
        self._special = torch.tensor(sorted(tokenizer.all_special_ids))
        self._places = MaskedPlaces(model)

    def propose(self, inputs: Inputs) -> tuple[Places, Tensor]:
        """Places to rewrite and what comes there: one-hot rows [places, vocabulary].

        Forward they are a sample of the masked LM's distribution, special tokens left out;
        backward they have the gradient of the Gumbel-softmax.
        """
        places, scores = self._scores(inputs)
        return places, torch.nn.functional.gumbel_softmax(scores, self.temperature, hard=True)

    @torch.no_grad()
    def rewrite(self, inputs: Inputs) -> dict[str, Tensor]:
        """The inputs with some tokens replaced; without gradients.

        The tokens are those that `propose` would draw, without the softmax behind it.
        """
        places, scores = self._scores(inputs)
        noise = -torch.empty_like(scores).exponential_().log()
        tokens = (scores + noise).argmax(1)
        return {**inputs, "input_ids": inputs["input_ids"].index_put(places, tokens)}

    def _scores(self, inputs: Inputs) -> tuple[Places, Tensor]:
        """Places to rewrite and what the masked LM says of each token there, [places, tokens]."""
        special = self._special.to(self.model.device)
        places = draw_places(inputs["input_ids"], inputs["attention_mask"], special, self.rate)
        hidden = inputs["input_ids"].index_put(places, torch.tensor(self.mask_id))
        scores = self._places.logits(places, **{**inputs, "input_ids": hidden})
        return places, scores[:, : self.vocabulary].float().index_fill(1, special, -torch.inf)

    def gain(self, inputs: Inputs, teacher: PreTrainedModel, student: PreTrainedModel) -> Tensor:
        """What the assistant maximises: the mean of KL(teacher || student) on a rewritten batch.

        The true divergence and not the cross-entropy: that would also reward texts about which the
        teacher itself is in doubt.
        """
        places, one_hots = self.propose(inputs)
        rest = {name: value for name, value in inputs.items() if name != "input_ids"}
        with without_dropout(teacher, student):
            logits = [
                model(inputs_embeds=embed(model, inputs["input_ids"], places, one_hots), **rest)
                for model in (teacher, student)
            ]
        return self.divergence(*(answer.logits.float() for answer in logits)).mean()


class Adversary:
    """The assistant in the game against the student: takes its turns while the student learns.

    Args:
        assistant: is trained.
        learning_rate: of its AdamW, constant.
        assistant_steps, student_steps: how many steps the one takes while the other takes so many;
            10 and 100 in the paper, which trains the two in turns of that length. Here the
            assistant's steps are spread evenly among the student's.
        weight: of the term on the texts that the assistant writes.
    """

    def __init__(
        self,
        assistant: Assistant,
        *,
        learning_rate: float,
        assistant_steps: int = 10,
        student_steps: int = 100,
        weight: float = 1.0,
    ):
        self.assistant, self.weight = assistant, weight
        self.step = 0  # how many batches the student has seen
        self.assistant_steps, self.student_steps = assistant_steps, student_steps
        self._parameters = list(assistant.model.requires_grad_(True).parameters())
        self.optimizer = torch.optim.AdamW(self._parameters, learning_rate)

    def terms(self, step: "Step", objective: "SoftLabels") -> "Terms":
        """The objective's soft term on the step's rows as the assistant rewrites them; the live
        teacher labels these."""
        texts, gains = self.challenge(step.inputs, step.teacher.model, step.student.bare)
        for gain in gains:
            step.watch.add("assistant/gain", gain)
        with torch.no_grad():
            wanted = step.teacher.logits(texts)
        rows = objective.soft_rows(wanted, step.student.logits(texts))
        return {"adversarial": self.weight * step.rows.mean(rows)}

    def challenge(
        self, inputs: Inputs, teacher: PreTrainedModel, student: PreTrainedModel
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Takes the turns due before the student's next step, then rewrites its batch.

        Returns:
            the rewritten inputs, and the gain of each turn.
        """
        gains = [
            self.ascend(self.assistant.gain(inputs, teacher, student)) for _ in range(self.turns())
        ]
        self.step += 1
        return self.assistant.rewrite(inputs), gains

    def turns(self) -> int:
        """How many there are before the student's next step."""
        before, after = (
            step * self.assistant_steps // self.student_steps for step in (self.step, self.step + 1)
        )
        return after - before

    def ascend(self, gain: Tensor) -> Tensor:
        """One step up the gain; no parameter but the assistant's gets a gradient.

        Under distributed training the gradients are averaged: all processes keep one assistant.
        """
        self.optimizer.zero_grad(set_to_none=True)
        (-gain).backward(inputs=self._parameters)
        _average(p.grad for p in self._parameters)
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self.optimizer.step()
        return gain.detach()

    def state_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "model": self.assistant.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step = state["step"]
        self.assistant.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


def _average(gradients: Iterable[Tensor | None]) -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for gradient in gradients:
            if gradient is not None:
                torch.distributed.all_reduce(gradient)
                gradient /= torch.distributed.get_world_size()


def check_vocabularies(tokenizers: Mapping[str, PreTrainedTokenizerFast]) -> None:
    """Raises ModelError unless all models (role to tokenizer) give the same id to every token."""
    (first, reference), *others = tokenizers.items()
    expected = reference.get_vocab()
    for role, tokenizer in others:
        found = tokenizer.get_vocab()
        if found == expected:
            continue
        different = min(
            (token for token in expected.keys() | found.keys()
             if expected.get(token) != found.get(token)),
        )  # fmt: skip
        raise ModelError(
            f"{first} and {role} must share one vocabulary: they have "
            f"{len(expected)} and {len(found)} tokens, and {different!r} is token "
            f"{expected.get(different)} of the one and {found.get(different)} of the other"
        )
