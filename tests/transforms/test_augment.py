"""The stage that makes variants, with augmenters made for the test."""

from collections import Counter

import numpy as np
import pyarrow as pa

from mashbill.models.tasks.spans import Spans
from mashbill.transforms.assignment import Job, Method
from mashbill.transforms.attempts import ATTEMPTS
from mashbill.transforms.augment import Augment, Maker
from mashbill.transforms.augmenters.base import Augmenter, Edit
from mashbill.transforms.augmenters.refusal import guarded
from mashbill.transforms.examples import content_hash, source_id_of
from tests.transforms.batches import sources


class Marked(Augmenter):
    """Puts the seed's last digit behind the text."""

    name = "test.marked"

    def augment_batch(self, request):
        return [
            [Edit(len(t), len(t), f" {s % 10}")]
            for t, s in zip(request.texts, request.seeds, strict=True)
        ]


class Fixed(Augmenter):
    """Always puts the same word behind the text; has nothing to do with an empty one."""

    name = "test.fixed"
    calls: list = []  # noqa: RUF012  (pydantic copies defaults)

    def augment_batch(self, request):
        self.calls.append(len(request.texts))
        return [[Edit(len(t), len(t), " indeed")] if t.strip() else [] for t in request.texts]


class Fragile(Augmenter):
    """Cannot do texts with an x."""

    name = "test.fragile"

    def augment_batch(self, request):
        if any("x" in text for text in request.texts):
            raise ValueError("an x")
        return [[Edit(0, 0, "so ")] for _ in request.texts]


def make(augmenter, batch, copies, held_out=(), task=None):
    jobs = [Job(row, copy, 0) for row in range(batch.num_rows) for copy in range(1, copies + 1)]
    hashes = np.array(sorted(content_hash(source_id_of(t)) for t in held_out), np.uint64)
    return Maker({0: augmenter}, ("text",), hashes, seed=7, task=task).make(batch, jobs)


def made_texts(outcome):
    return [row["text"] for row in outcome.batch.to_pylist() if row["copy"]]


def test_variants_follow_their_sources_and_differ_from_one_another():
    outcome = make(Marked(), sources("a", "b"), copies=2)
    assert outcome.batch.column("copy").to_pylist() == [0, 0, 1, 2, 1, 2]
    texts = made_texts(outcome)
    assert len(set(texts)) == 4
    assert outcome.counts["variants"] == outcome.counts["requested"] == 4


def test_a_variant_does_not_depend_on_the_rows_beside_it():
    alone = make(Marked(), sources("b"), copies=2)
    together = make(Marked(), sources("a", "b", "c"), copies=2)
    assert set(made_texts(alone)) == {t for t in made_texts(together) if t.startswith("b")}


def test_an_augmenter_that_repeats_itself_is_asked_three_times_and_no_more():
    augmenter = Fixed()
    outcome = make(augmenter, sources("a", "  "), copies=2)
    assert made_texts(outcome) == ["a indeed"]
    assert outcome.counts["exhausted"] == 3
    assert outcome.counts["by_augmenter/test.fixed/exhausted"] == 3
    assert len(augmenter.calls) == ATTEMPTS


def test_an_augmenter_that_draws_nothing_is_asked_once(monkeypatch):
    monkeypatch.setattr(Fixed, "is_random", False)
    augmenter = Fixed()
    before = len(augmenter.calls)
    outcome = make(augmenter, sources("a", "  "), copies=2)
    assert made_texts(outcome) == ["a indeed"]
    assert outcome.counts["exhausted"] == 3
    assert len(augmenter.calls) == before + 1


def test_a_variant_that_equals_a_held_out_text_is_dropped():
    outcome = make(Fixed(), sources("a", "b"), copies=1, held_out=["A  INDEED"])
    assert made_texts(outcome) == ["b indeed"]
    assert outcome.counts["held_out"] == 1


def test_the_row_an_augmenter_fails_on_is_the_only_reject():
    outcome = make(Fragile(), sources("a", "x", "b"), copies=1)
    assert made_texts(outcome) == ["so a", "so b"]
    (reject,) = outcome.rejects
    assert reject.reason == "test.fragile failed: ValueError: an x"
    assert reject.source["augmenter"] == "test.fragile"
    assert outcome.batch.num_rows == 5


class Shy(Augmenter):
    """Answers are refused, those to an "x" because they are too long."""

    name = "test.shy"
    refuses = ("length", "empty")

    def variants(self, request):
        reasons = ["length" if "x" in text else "empty" for text in request.texts]
        return guarded(request.texts, [""] * len(reasons), reasons)


def test_refused_answers_are_counted_by_reason():
    outcome = make(Shy(), sources("a", "x", "b"), copies=2)
    assert made_texts(outcome) == []
    for start in ("", "by_augmenter/test.shy/"):
        assert outcome.counts[f"{start}refused/length"] == 2
        assert outcome.counts[f"{start}refused/empty"] == 4
    assert outcome.counts["exhausted"] == 0


def test_a_stage_declares_why_its_answers_may_be_refused():
    methods = [Method({"use": "rewrite.paraphrase", "model": "x"}, 1.0, "en")]
    stage = Augment("augment", methods, [0], range(1, 2), ("text",), ("train",), seed=0)
    assert {"refused/length", "refused/empty", "exhausted"} <= set(stage.not_made)


TASK = Spans().over(["PER", "ORG", "LOC"])
ENTITIES = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.int16())]))


class FirstWordGone(Augmenter):
    """Drops the first word on even seeds; puts one before it on odd ones."""

    name = "test.first_word_gone"

    def augment_batch(self, request):
        return [
            [Edit(0, 0, "So ")] if seed % 2 else [Edit(0, text.index(" ") + 1, "")]
            for text, seed in zip(request.texts, request.seeds, strict=True)
        ]


def with_entities(texts, labels):
    batch = sources(*texts)
    place = batch.schema.get_field_index("label")
    return batch.set_column(place, pa.field("label", ENTITIES), pa.array(labels, ENTITIES))


def test_entities_move_with_the_edits_and_a_variant_that_loses_one_is_not_made():
    texts = [f"Paris is number {number}" for number in range(30)]
    paris = [{"start": 0, "end": 5, "label": 2}]
    batch = with_entities(texts, [paris] * 28 + [[], None])
    outcome = make(FirstWordGone(), batch, copies=1, task=TASK)
    made = {row["text"]: row["label"] for row in outcome.batch.to_pylist() if row["copy"]}
    moved = [{"start": 3, "end": 8, "label": 2}]
    assert all(made[f"So {text}"] == moved for text in texts[:28] if f"So {text}" in made)
    assert not any(text.startswith("is") and label for text, label in made.items())
    assert [label for text, label in made.items() if text.endswith(("28", "29"))] == [[], None]
    lost = outcome.counts["label_lost/deleted"]
    assert 0 < lost == outcome.counts["by_augmenter/test.first_word_gone/label_lost/deleted"]
    assert outcome.counts["variants"] + lost == outcome.counts["requested"] == 30


class Begin(Augmenter):
    """Leaves out the beginning, whatever stands there."""

    name = "test.begin"

    def augment_batch(self, request):
        return [[Edit(0, 7, "")] for _ in request.texts]


def test_a_copy_whose_label_is_lost_draws_other_methods():
    texts = [f"Paris is number {number}" for number in range(9)]
    batch = with_entities(texts, [[{"start": 0, "end": 5, "label": 2}]] * 9)
    methods = [Method(Begin(), 1.0), Method(Marked(), 1.0)]
    settings = (("text",), ("train",), 7, "redrawn", TASK)
    augment = Augment("augment", methods, [0, 1], COPIES, *settings)
    augment.setup()
    counts = augment.run(batch, []).counts
    assert counts["variants"] == counts["requested"] == 9 * len(COPIES)
    assert counts["by_augmenter/test.begin/label_lost/deleted"] > 0
    assert counts["label_lost/deleted"] == 0


class Idle(Augmenter):
    """Never finds anything to do."""

    name = "test.idle"

    def augment_batch(self, request):
        return [[] for _ in request.texts]


class Filler(Marked):
    """Needs a model."""

    name = "test.filler"
    uses_model = True


SHARES = [1.0, 2.0, 1.0]
COPIES = range(1, 4)


def stage(augmenters, chosen, unmade, name="augment"):
    methods = [
        Method(augmenter, share) for augmenter, share in zip(augmenters, SHARES, strict=True)
    ]
    made = Augment(name, methods, chosen, COPIES, ("text",), ("train",), 7, unmade)
    made.setup()
    return made


def variants(outcome):
    rows = outcome.batch.to_pylist()
    return {(row["source_id"], row["copy"]): row for row in rows if row["copy"]}


def test_where_every_method_finds_something_redrawing_changes_nothing():
    augmenters, batch = [Marked(), Marked(), Fragile()], sources(*map(str, range(40)))
    plain, redrawn = (
        stage(augmenters, range(3), how).run(batch, []) for how in ("lost", "redrawn")
    )
    # Fragile always makes the same, so copies that drew it twice find nothing new
    lucky = {key for key, row in variants(plain).items()}
    assert 0 < plain.counts["exhausted"] == 120 - len(lucky)
    assert redrawn.counts["exhausted"] == 0
    assert {key: variants(redrawn)[key] for key in lucky} == variants(plain)
    assert len(variants(redrawn)) == 120


def test_a_copy_draws_other_methods_until_one_finds_something():
    batch = sources(*map(str, range(40)))
    outcome = stage([Idle(), Idle(), Marked()], range(3), "redrawn").run(batch, [])
    counts = outcome.counts
    assert {row["augmenter"] for row in variants(outcome).values()} == {"test.marked"}
    assert counts["requested"] == counts["variants"] == 120
    idle, marked = (f"by_augmenter/test.{name}/drawn" for name in ("idle", "marked"))
    assert counts[marked] == 120
    assert counts[idle] + counts[marked] == 120 + counts["redrawn"]


def test_a_copy_for_which_no_method_finds_anything_is_lost_once():
    outcome = stage([Idle()] * 3, range(3), "redrawn").run(sources("a", "b"), [])
    assert outcome.counts["exhausted"] == 6
    assert outcome.counts["redrawn"] == 12
    assert outcome.counts["by_augmenter/test.idle/exhausted"] == 18


def test_redrawing_does_not_depend_on_the_rows_beside_a_source():
    augmenters, texts = [Idle(), Fixed(), Marked()], list(map(str, range(30)))
    together = variants(stage(augmenters, range(3), "redrawn").run(sources(*texts), []))
    apart = {}
    for text in reversed(texts):
        apart |= variants(stage(augmenters, range(3), "redrawn").run(sources(text), []))
    assert together == apart


def test_copies_without_a_variant_are_passed_on_to_the_stage_with_models():
    augmenters, batch = [Idle(), Fixed(), Filler()], sources(*map(str, range(40)))
    rules = stage(augmenters, [0, 1], "passed_on").run(batch, [])
    last = stage(augmenters, [2], "redrawn", "augment_model")
    models = last.run(rules.batch, [])
    assert last.uses_model
    assert rules.counts["passed_on"] == models.counts["taken_over"] > 0
    assert rules.counts["requested"] == rules.counts["variants"] + rules.counts["passed_on"]
    assert rules.counts["requested"] + models.counts["requested"] == len(variants(models)) == 120
    assert models.batch.schema == batch.schema
    found = Counter(row["augmenter"] for row in variants(models).values())
    assert found.keys() == {"test.fixed", "test.filler"}
    # a rule may be drawn in the last stage too, where a filler finds nothing
    idle = stage([Fixed(), Fixed(), Idle()], [2], "redrawn").run(batch, [])
    assert idle.counts["requested"] > idle.counts["variants"] > 0


def test_a_copy_that_failed_is_a_reject_and_is_not_drawn_again():
    augmenters = [Fragile(), Fragile(), Marked()]
    rules = stage(augmenters, [0, 1], "passed_on").run(sources("x", "a"), [])
    models = stage(augmenters, [2], "redrawn").run(rules.batch, [])
    made = rules.counts["rejected"] + models.counts["rejected"] + len(variants(models))
    assert rules.counts["rejected"] > 0
    assert made == 6
