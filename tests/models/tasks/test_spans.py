import numpy as np
import pyarrow as pa
import pytest
import torch
from datasets import Features

from mashbill.models.checks import check_classifier
from mashbill.models.distill.objectives import Distillation, PseudoLabels
from mashbill.models.distill.step import Rows
from mashbill.models.distill.watch import Watch
from mashbill.models.errors import ModelError
from mashbill.models.loading import load_tokenizer
from mashbill.models.tasks.ragged import ragged
from mashbill.models.tasks.registry import task_of
from mashbill.models.tasks.softness import Softness
from mashbill.models.tasks.tagging import NO_TAG
from mashbill.models.tokenizing import TextTokenizer
from tests.models.test_tagger import save

OUT, B_PER, I_PER, B_ORG, I_ORG = range(5)


def spans_task(**settings):
    return task_of({"task": {"kind": "spans", **settings}, "labels": ["PER", "ORG"]})


TASK = spans_task()


def span(start, end, label):
    return {"start": start, "end": end, "label": label}


def table(*rows):
    texts, labels = zip(*rows, strict=True)
    return pa.table({"text": texts, "label": pa.array(labels, TASK.label_type)})


def scores(*tags, sure=4.0):
    """Of a text, so that each word has this tag."""
    return (sure * np.eye(5, dtype=np.float32))[list(tags)]


def gold(*rows):
    return ragged(None if row is None else np.array(row, np.int16) for row in rows)


def as_lists(rows):
    return [None if row is None else row.tolist() for row in rows]


# Labels


def test_gold_is_a_tag_for_each_word():
    found = TASK.gold_of(
        table(
            ("Ann Lee of the U.N. spoke", [span(0, 7, 0), span(15, 19, 1)]),
            ("nobody", []),
            ("unlabelled", None),
        )
    )
    tags = [[B_PER, I_PER, OUT, OUT, B_ORG, I_ORG, I_ORG, I_ORG, OUT], [OUT], None]
    assert as_lists(found) == tags
    assert TASK.known(found).tolist() == [True, True, False]
    assert as_lists(TASK.gold(TASK.column(found))) == tags


def test_a_span_takes_the_words_that_it_overlaps_and_a_word_of_two_is_the_firsts():
    label = [span(4, 6, 0), span(6, 11, 1), span(11, 12, 1)]
    (found,) = TASK.gold_of(table(("the abcd-efg x", label)))
    assert found.tolist() == [OUT, B_PER, B_ORG, I_ORG, OUT]


def test_labels_of_others_by_name_and_what_is_none():
    named = pa.array([[{"start": 0, "end": 3, "label": "ORG"}], None, []])
    assert TASK.read(named).to_pylist() == [[span(0, 3, 1)], None, []]
    assert TASK.read(named.slice(1)).to_pylist() == [None, []]
    assert TASK.odd(named) == -1
    for bad in ([span(3, 3, 0)], [span(-1, 2, 0)], [span(0, 4, 0), span(3, 5, 0)], [span(0, 1, 2)]):
        assert TASK.odd(pa.array([[], bad])) == 1


def test_files_have_a_column_for_what_each_word_is():
    rows = table(("Ann, 东京", [span(0, 3, 0)]), ("hm", None)).to_batches()[0]
    found = TASK.added_columns(rows)
    assert found["tokens"].to_pylist() == [["Ann", ",", "东", "京"], ["hm"]]
    assert found["token_starts"].to_pylist() == [[0, 3, 5, 6], [0]]
    assert found["ner_tags"].to_pylist() == [[B_PER, OUT, OUT, OUT], None]
    kinds = Features(TASK.added_features()).arrow_schema
    assert all(column.type.equals(kinds.field(name).type) for name, column in found.items())


def test_scores_go_to_a_column_and_back():
    rows = ragged([scores(OUT, B_PER), scores(), scores(B_ORG)])
    column = TASK.scores_column(list(rows))
    assert column.type == pa.list_(pa.list_(pa.float32()))
    for part in (column, pa.chunked_array([column.slice(0, 1), column.slice(1)])):
        for one, other in zip(TASK.scores(part), rows, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(TASK.scores(column.slice(2))[0]) == 1


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([[0.0] * 5], "expected teacher_logits of 2 words, found 1"),
        ([[0.0] * 5, [0.0] * 4], "expected 5 numbers for each word"),
        ([[0.0] * 5, [np.nan] * 5], "not finite"),
    ],
)
def test_stored_scores_must_fit_the_words(found, fault):
    good = [[0.0] * 5] * 2
    logits = pa.array([good, found], pa.list_(pa.list_(pa.float32())))
    rows = pa.RecordBatch.from_pydict({"text": ["two words"] * 2, "teacher_logits": logits})
    row, why = TASK.scores_fault(rows)
    assert row == 1
    assert fault in why
    assert TASK.scores_fault(rows.slice(0, 1)) is None


# Answers


def test_an_answer_has_no_i_without_its_b():
    found = TASK.predict(ragged([scores(OUT, I_ORG), scores(B_PER, I_ORG, I_PER)]))
    assert as_lists(found)[0] != [OUT, I_ORG]
    assert as_lists(TASK.predict(ragged([scores(B_PER, I_PER, OUT)]))) == [[B_PER, I_PER, OUT]]


def test_confidence_is_that_of_the_least_sure_word_or_the_mean():
    row = np.concatenate([scores(OUT, B_PER), scores(OUT, sure=0)])
    sure = np.exp(4) / (np.exp(4) + 4)
    assert TASK.confidence(ragged([row, scores()])).tolist() == pytest.approx([0.2, 1.0])
    mean = spans_task(confidence_of="mean").confidence(ragged([row]))
    assert mean.tolist() == pytest.approx([(2 * sure + 0.2) / 3])


@pytest.mark.parametrize(
    ("first", "second", "all_same", "half"),
    [
        ([B_PER, I_PER, OUT], [B_PER, I_PER, OUT], True, True),
        ([B_PER, OUT, B_ORG], [B_PER, OUT, OUT], False, True),
        ([B_PER, OUT, OUT], [OUT, OUT, B_PER], False, False),
        ([OUT, OUT], [OUT, OUT], True, True),
        ([B_PER, OUT], [B_PER, I_PER, OUT], True, True),  # other words: by types
        ([B_PER, OUT], [B_ORG, I_ORG, OUT], False, False),
        (None, [OUT], False, False),
    ],
)
def test_answers_agree_by_their_entities(first, second, all_same, half):
    pair = gold(first), gold(second)
    assert TASK.agree(*pair).tolist() == [all_same]
    assert spans_task(agreement=0.5).agree(*pair).tolist() == [half]


def test_soft_labels_of_a_source_are_carried_where_the_words_are_as_many():
    of_source, own = (
        ragged([scores(OUT, OUT), scores(OUT)]),
        ragged([scores(OUT, B_PER), scores(OUT, OUT)]),
    )
    found, fit = TASK.carried(of_source, own)
    assert fit.tolist() == [True, False]
    np.testing.assert_array_equal(found[0], of_source[0])


# Training


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("bert") / "tagger", "bert")


@pytest.fixture(scope="module")
def encodings(folder):
    """Of "good e.g. film x" in eight tokens and, cut behind "film", six."""
    tokenizer = load_tokenizer(str(folder)).backend_tokenizer
    text = "good qqq film"
    whole, cut = (TextTokenizer(tokenizer, most).encode([text], offsets=True) for most in (32, 5))
    return [text] * 2, [*whole, *cut]


def test_tags_lie_at_the_first_pieces_as_far_as_a_model_reads(encodings):
    tags = gold([B_PER, I_PER, OUT], [B_PER, I_PER, OUT])
    assert TASK.label_rows(*encodings, tags) == [
        [NO_TAG, B_PER, I_PER, NO_TAG, NO_TAG, OUT, NO_TAG],
        [NO_TAG, B_PER, I_PER, NO_TAG, NO_TAG],
    ]
    laid = TASK.on_tokens(*encodings, tags)
    assert as_lists(TASK.of_tokens(laid, laid)[0]) == [[B_PER, I_PER, OUT], [B_PER, I_PER]]
    unknown = TASK.on_tokens(*encodings, gold(None, [OUT, OUT, OUT]))
    assert TASK.known(unknown).tolist() == [False, True]


def test_the_losses_are_those_of_the_words_by_plain_torch(encodings):
    torch.manual_seed(0)
    student = torch.randn(2, 7, 5, requires_grad=True)
    teacher_rows = ragged([np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)] * 2)
    teacher = TASK.on_tokens(*encodings, teacher_rows)
    tags = TASK.on_tokens(*encodings, gold([B_PER, I_PER, OUT], None))
    plain = torch.nn.functional.cross_entropy(student[0, [1, 2, 5]], torch.tensor([1, 2, 0]))
    assert TASK.gold_rows(student, tags).mean().item() == pytest.approx(plain.item(), rel=1e-5)
    places = torch.cat([student[0, [1, 2, 5]], student[1, [1, 2]]])
    wanted = torch.tensor(np.concatenate([teacher_rows[0], teacher_rows[1][:2]]))
    kl = torch.nn.functional.kl_div(
        (places / 2).log_softmax(-1), (wanted / 2).softmax(-1), reduction="batchmean"
    )
    soft = TASK.soft_rows(teacher, student, Softness(2.0))
    assert soft.mean().item() == pytest.approx(4 * kl.item(), rel=1e-4)
    soft.mean().backward()
    assert student.grad.isfinite().all()
    assert student.grad[:, [0, 6]].abs().sum() == 0  # special tokens teach nothing
    assert student.grad[1, 5].abs().sum() == 0  # nor does what is not read


def rows_of(encodings, teacher, tags):
    ones = torch.ones(2)
    return Rows(
        labels=TASK.on_tokens(*encodings, tags),
        teacher_logits=TASK.on_tokens(*encodings, teacher),
        weight=ones, plain=ones, own=ones.bool(), source=torch.zeros(2).long(),
        variant=torch.tensor([False, True]), augmenter=torch.zeros(2).long(),
        fresh=torch.full((2,), -1), live=torch.zeros(2).bool(),
    )  # fmt: skip


def test_a_student_that_says_what_its_teacher_says_has_no_soft_loss(encodings):
    teacher = ragged([scores(B_PER, I_PER, OUT)] * 2)
    rows = rows_of(encodings, teacher, gold(None, None))
    logits = rows.teacher_logits.nan_to_num()
    terms = Distillation().of(TASK).terms(rows, logits, Watch())
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"gold": 0, "soft": 0}, abs=1e-6
    )


def test_sld_leaves_out_texts_with_a_doubtful_word(encodings):
    unsure = np.concatenate([scores(B_PER, I_PER), scores(OUT, sure=0.5)])
    rows = rows_of(encodings, ragged([unsure, unsure]), gold(None, None))
    shares = PseudoLabels(threshold=0.8).of(TASK).shares(rows, Watch())
    assert shares.tolist() == [0, 1]  # of the second text, that word is not read


# Models


def test_a_teacher_must_tag_by_iob2_over_the_types_of_the_recipe(folder, tiny_classifier):
    person = task_of({"task": {"kind": "spans"}, "labels": ["PER"]})
    check_classifier(str(folder), person)
    with pytest.raises(ModelError, match=r"O, B-PER, I-PER.*O, B-PER, I-PER, B-ORG, I-ORG"):
        check_classifier(str(folder), TASK)
    with pytest.raises(ModelError, match="is not a token classifier"):
        check_classifier(str(tiny_classifier), person)
    with pytest.raises(ModelError, match="is not a text classifier"):
        check_classifier(str(folder))


# Figures


def test_metrics_and_what_is_drawn_from_rows_tell_the_same():
    draw = np.random.default_rng(0)
    logits = ragged(draw.normal(size=(words, 5)) for words in draw.integers(1, 9, 40))
    tags = TASK.predict(ragged(row + 3 * draw.normal(size=row.shape) for row in logits))
    found = TASK.metrics(logits, tags)
    again = TASK.resampled(logits, tags)(np.arange(40))
    assert again == pytest.approx({key: found[key] for key in TASK.figures})
    assert TASK.of_rows(logits, tags).mean() == pytest.approx(found["f1"])
    assert TASK.details(logits, tags)["types"].keys() == {"PER", "ORG"}
    calibration = TASK.calibrate(logits, tags)
    scaled = TASK.metrics(TASK.scaled(logits, calibration), tags)
    assert scaled["nll"] <= found["nll"] + 1e-6


def test_mentions_that_train_has_and_others_are_told_apart():
    train = table(("Ann left", [span(0, 3, 0)])).to_batches()
    texts = ["Ann met Bob", "Eve slept"]
    tags = gold([B_PER, OUT, B_PER], [B_PER, OUT])
    logits = ragged([scores(B_PER, OUT, OUT), scores(B_PER, OUT)])
    parts = TASK.parts(texts, logits, tags, TASK.memory(iter(train)))
    found = {name: (number, values.mean()) for _, name, number, values in parts}
    assert found["seen in train"] == (1, pytest.approx(1.0))
    assert found["not seen in train"] == (2, pytest.approx(2 / 3))  # Eve is found, Bob is not


def test_what_a_split_holds_is_rows_with_each_type():
    tags = gold([B_PER, B_PER], [OUT, B_ORG], [OUT], None)
    assert TASK.tally(tags).tolist() == [1, 1]
    slices = TASK.slices(tags[:3])
    assert {name: rows.tolist() for name, rows in slices.items()} == {
        "PER": [0],
        "ORG": [1],
        "no entity": [2],
    }
    assert TASK.show([span(0, 1, 1), span(2, 3, 0), span(4, 5, 0)]) == "PER, ORG"
    assert TASK.show([]) == "no entity"
