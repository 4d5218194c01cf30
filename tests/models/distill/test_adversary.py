"""The assistant: what it replaces, where its gradient goes, and who wins each step."""

import copy
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForMaskedLM

from mashbill.models.distill.adversary import (
    Adversary,
    Assistant,
    check_vocabularies,
    draw_places,
    embed,
)
from mashbill.models.distill.losses import divergence
from mashbill.models.errors import ModelError
from tests.conftest import tiny_tokenizer
from tests.models.distill.steps import TEXTS, classifier, unlike


@pytest.fixture
def batch():
    tokenizer = tiny_tokenizer()
    return dict(tokenizer(TEXTS, padding=True, return_tensors="pt"))


@pytest.fixture
def teacher(tiny_classifier):
    return classifier(tiny_classifier).requires_grad_(False)


@pytest.fixture
def student(teacher):
    return unlike(teacher)


@pytest.fixture
def assistant(tiny_mlm):
    torch.manual_seed(0)
    return Assistant(
        AutoModelForMaskedLM.from_pretrained(tiny_mlm).eval(), tiny_tokenizer(), rate=0.5
    )


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_special_tokens_and_padding_are_never_drawn(seed, rate):
    torch.manual_seed(seed)
    ids = torch.randint(0, 9, (4, 12))
    mask = (torch.arange(12) < torch.tensor([[12], [7], [1], [3]])).long()
    rows, columns = draw_places(ids, mask, torch.tensor([0, 2, 3]), rate)
    assert not torch.isin(ids[rows, columns], torch.tensor([0, 2, 3])).any()
    assert mask[rows, columns].all()


def test_about_the_asked_share_is_drawn():
    torch.manual_seed(0)
    ids = torch.full((64, 100), 7)
    rows, _ = draw_places(ids, torch.ones_like(ids), torch.tensor([0]), 0.3)
    assert len(rows) / ids.numel() == pytest.approx(0.3, abs=0.02)


def test_embedding_one_hots_is_looking_up_their_ids(teacher, batch):
    places = (torch.tensor([0, 1]), torch.tensor([2, 1]))
    new = torch.tensor([50, 60])
    size = teacher.config.vocab_size
    embedded = embed(
        teacher, batch["input_ids"], places, torch.nn.functional.one_hot(new, size).float()
    )
    expected = teacher.get_input_embeddings()(batch["input_ids"].index_put(places, new))
    assert torch.equal(embedded, expected)


def test_embedding_passes_gradcheck(teacher, batch):
    teacher = teacher.double()
    places = (torch.tensor([0]), torch.tensor([2]))
    soft = torch.rand(1, teacher.config.vocab_size, dtype=torch.float64, requires_grad=True)
    ids = batch["input_ids"]
    assert torch.autograd.gradcheck(lambda s: embed(teacher, ids, places, s), soft)


def test_rewriting_keeps_special_tokens_and_padding(assistant, batch):
    torch.manual_seed(0)
    assistant.rate = 1.0
    rewritten = assistant.rewrite(batch)["input_ids"]
    special = torch.tensor(sorted(tiny_tokenizer().all_special_ids))
    assert torch.equal(torch.isin(rewritten, special), torch.isin(batch["input_ids"], special))
    assert torch.equal(
        rewritten[torch.isin(rewritten, special)],
        batch["input_ids"][torch.isin(rewritten, special)],
    )
    assert (rewritten != batch["input_ids"]).any()


@pytest.mark.parametrize("seed", range(5))
def test_rewriting_draws_what_would_be_proposed(assistant, batch, seed):
    torch.manual_seed(seed)
    places, one_hots = assistant.propose(batch)
    torch.manual_seed(seed)
    rewritten = assistant.rewrite(batch)["input_ids"]
    expected = batch["input_ids"].index_put(places, one_hots.argmax(1))
    assert torch.equal(rewritten, expected)


def test_the_gradient_reaches_the_assistant_through_both_models(assistant, teacher, student, batch):
    torch.manual_seed(0)
    places, one_hots = assistant.propose(batch)
    rest = {name: value for name, value in batch.items() if name != "input_ids"}
    for model in (teacher, student):
        logits = model(inputs_embeds=embed(model, batch["input_ids"], places, one_hots), **rest)
        (gradient,) = torch.autograd.grad(logits.logits[:, 0].sum(), one_hots, retain_graph=True)
        assert (gradient.abs().sum(dim=1) > 0).all()
    torch.manual_seed(0)
    assistant.gain(batch, teacher, student).backward()
    assert all(p.grad is not None for p in assistant.model.parameters() if p.requires_grad)
    assert any(p.grad.abs().sum() > 0 for p in assistant.model.base_model.parameters())


def test_the_assistants_step_leaves_the_student_alone(assistant, teacher, student, batch):
    before = copy.deepcopy(student.state_dict())
    student.train()
    adversary = Adversary(assistant, learning_rate=1e-3)
    adversary.ascend(assistant.gain(batch, teacher, student))
    assert student.training
    assert not teacher.training
    assert all(p.grad is None for p in student.parameters())
    assert all(torch.equal(before[k], v) for k, v in student.state_dict().items())


def test_the_assistant_raises_and_the_student_lowers_the_divergence(
    assistant, teacher, student, batch
):
    def gain() -> float:
        """Over many draws, so that it does not hang on one."""
        torch.manual_seed(99)
        with torch.no_grad():
            return sum(float(assistant.gain(batch, teacher, student)) for _ in range(40)) / 40

    start = gain()
    adversary = Adversary(assistant, learning_rate=3e-3, assistant_steps=1, student_steps=1)
    for _ in range(20):
        adversary.challenge(batch, teacher, student)
    raised = gain()
    assert raised > 1.1 * start
    optimizer = torch.optim.AdamW(student.parameters(), lr=3e-3)
    for _ in range(20):
        texts = assistant.rewrite(batch)
        loss = divergence(teacher(**texts).logits, student(**texts).logits).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert gain() < 0.7 * raised


def test_models_must_share_their_vocabulary():
    same, other = tiny_tokenizer(), tiny_tokenizer()
    check_vocabularies({"assistant": same, "student": tiny_tokenizer()})
    other.add_tokens(["whisky"])
    with pytest.raises(ModelError, match=r"assistant and student must share .* 'whisky' is token"):
        check_vocabularies({"assistant": same, "student": other})


def test_an_assistant_needs_a_mask_token(tiny_mlm):
    tokenizer = tiny_tokenizer()
    tokenizer.mask_token = None
    with pytest.raises(ModelError, match="no mask token"):
        Assistant(AutoModelForMaskedLM.from_pretrained(tiny_mlm), tokenizer)


@given(st.integers(0, 20), st.integers(1, 20), st.integers(1, 5))
def test_turns_add_up_to_the_asked_proportion(assistant_steps, student_steps, rounds):
    adversary = Adversary.__new__(Adversary)
    adversary.assistant_steps, adversary.student_steps = assistant_steps, student_steps
    taken = []
    for adversary.step in range(student_steps * rounds):
        taken.append(adversary.turns())
    assert sum(taken) == assistant_steps * rounds
    assert max(taken) - min(taken) <= 1


def test_a_restored_adversary_goes_on_alike(assistant, teacher, student, batch, tiny_mlm):
    def adversary(assistant):
        return Adversary(assistant, learning_rate=1e-3, assistant_steps=2, student_steps=3)

    first = adversary(assistant)
    first.challenge(batch, teacher, student)
    state = copy.deepcopy(first.state_dict())
    other = AutoModelForMaskedLM.from_pretrained(tiny_mlm).eval()
    second = adversary(Assistant(other, tiny_tokenizer(), rate=0.5))
    second.load_state_dict(state)
    outcomes = []
    for player in (first, second):
        torch.manual_seed(7)
        played = [player.challenge(batch, teacher, student) for _ in range(3)]
        texts = [texts["input_ids"] for texts, _ in played]
        outcomes.append([*texts, *chain.from_iterable(gains for _, gains in played)])
    assert len(outcomes[0]) == 3 + 2
    torch.testing.assert_close(*outcomes)
