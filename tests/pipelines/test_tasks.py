"""Every kind of task the whole way: from a file to a student that others can load, and a report."""

import json
import random

import pytest
from datasets import load_dataset
from transformers import pipeline

from mashbill.models.cascade import Cascade
from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.run import run_all
from tests.pipelines.runs import settings

WORDS = {"bad": -1, "dull": -1, "worst": -1, "good": 1, "great": 1, "best": 1}
OPTIONS = {"overwrite": False, "max_rejects": 0.9, "workers": 1, "partitions": 1, "beam_args": ()}


def texts(rows: int):
    draw = random.Random(3)
    fill = ["the", "movie", "film", "plot", "story", "was", "a", "<i>"]
    for _ in range(rows):
        chosen = draw.sample(sorted(WORDS), draw.randint(1, 3))
        words = chosen + draw.choices(fill, k=5)
        draw.shuffle(words)
        yield " ".join(words), [WORDS[word] for word in chosen]


def row_of(kind: str, text: str, signs: list[int]) -> dict:
    if kind == "spans":
        return {"text": text, "label": list(spans_of(text))}
    if kind == "multi":
        praise, blame = 1 in signs, -1 in signs
        return {"text": text, "label": "|".join(["praise"] * praise + ["blame"] * blame)}
    return {"text": text, "label": 100 + 10 * sum(signs)}


def spans_of(text: str):
    """Runs of words of one sign as entities."""
    place, last = 0, None
    for word in text.split():
        sign = WORDS.get(word)
        if last is not None and sign == last[0]:
            last[1]["end"] = place + len(word)
        elif sign is not None:
            label = "praise" if sign > 0 else "blame"
            last = sign, {"start": place, "end": place + len(word), "label": label}
            yield last[1]
        last = last if sign is not None else None
        place += len(word) + 1


METHODS = {
    "multi": [{"use": "typo.keyboard", "rate": 0.1}],
    "spans": [{"use": "typo.keyboard"}, {"use": "entity.replace"}, {"use": "edit.delete"}],
}
TAGS = ["O", "B-praise", "I-praise", "B-blame", "I-blame"]
TASKS = {
    "multi": {"labels": ["praise", "blame"], "task": {"kind": "multi"}},
    "spans": {"labels": ["praise", "blame"], "task": {"kind": "spans", "agreement": 0.5}},
    "score": {
        "labels": ["rating"],
        "task": {"kind": "score", "bounds": [0, 200], "tolerance": 30},
    },
}


@pytest.fixture(scope="module", params=TASKS)
def done(request, all_drawn, tmp_path_factory, tiny_classifier, tiny_encoder, tiny_mlm):
    """Kind, folder and recipe of a run that is over; charts are others in each kind."""
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    rows = [row_of(kind, *found) for found in texts(120)]
    (folder / "reviews.jsonl").write_text("\n".join(map(json.dumps, rows)))
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    train = {"base": str(tiny_encoder), "epochs": 12, "learning_rate": 2e-3, "batch_size": 16}
    if kind == "spans":  # every word is to be learnt, not one answer a text
        train |= {"epochs": 18, "learning_rate": 5e-3, "batch_size": 8, "patience": 18}
    training = {"steps": 20, "batch_size": 16, "precision": "fp32", "learning_rate": 1e-3}
    corpus = {"name": "reviews", "path": str(folder / "reviews.jsonl"), "label": "label"}
    values = settings(
        folder,
        models,
        corpus=[corpus],
        filter={"teacher_agrees": True},
        augment={"copies": 1, "methods": METHODS.get(kind, METHODS["multi"])},
        teacher={"model": str(folder / "teacher"), "max_length": 32, "train": train},
        distill={"model": str(folder / "student"), "training": training},
        evaluate={"suites": ["clean", "typo"]},
        **TASKS[kind],
    )
    recipe = Recipe.model_validate(values)
    run_all(recipe, **OPTIONS)
    return kind, folder, recipe


def test_the_data_set_has_labels_of_its_kind(done):
    kind, folder, _ = done
    rows = load_dataset(str(folder / "out"), split="train")
    label, teacher = rows[0]["label"], rows[0]["teacher_label"]
    if kind == "multi":
        assert rows.features["label"].feature.names == ["praise", "blame"]
        assert set(label) | set(teacher) <= {0, 1}
        assert "teacher_confidence" in rows.features
    elif kind == "spans":
        assert rows.features["ner_tags"].feature.names == TAGS
        assert rows.features["teacher_label"].feature.names == TAGS
        for row in rows:
            starts = zip(row["tokens"], row["token_starts"], strict=True)
            assert all(row["text"].startswith(word, place) for word, place in starts)
            assert len(row["ner_tags"]) == len(row["tokens"]) == len(row["teacher_logits"])
            assert {len(scores) for scores in row["teacher_logits"]} == {len(TAGS)}
            tagged = [word for word, tag in zip(row["tokens"], row["ner_tags"], strict=True) if tag]
            assert "".join(tagged) == "".join(
                row["text"][one["start"] : one["end"]].replace(" ", "") for one in row["label"]
            )
    else:
        assert 0 <= teacher <= 200
        assert 70 <= label <= 130
        assert "teacher_confidence" not in rows.features


def test_counts_add_up_and_the_filter_works(done):
    _, folder, _ = done
    counts = json.loads((folder / "out/run.json").read_text())["counts"]["teacher_filter"]
    dropped = sum(counts.get("dropped", {}).values())
    assert counts["in"] == counts["out"] + dropped


def test_variants_have_the_entities_of_their_sources_or_are_lost_and_counted(done):
    kind, folder, _ = done
    if kind != "spans":
        return
    rows = load_dataset(str(folder / "out"), split="train").to_list()
    named = {row["id"]: [one["label"] for one in row["label"]] for row in rows if not row["copy"]}
    variants = [row for row in rows if row["copy"]]
    assert all(
        [one["label"] for one in row["label"]] == named[row["source_id"]] for row in variants
    )
    assert "entity.replace" in {row["augmenter"] for row in variants}
    counts = json.loads((folder / "out/run.json").read_text())["counts"]["augment"]
    assert sum(counts["by_augmenter"]["edit.delete"]["label_lost"].values()) > 0


def test_the_teacher_learnt_something_and_the_student_from_it(done):
    kind, folder, _ = done
    teacher = json.loads((folder / "teacher/metrics.json").read_text())["test"]
    student = json.loads((folder / "student/metrics.json").read_text())["test"]
    if kind == "multi":
        assert teacher["micro_f1"] > 0.7
        assert student["micro_f1"] > 0.5
    elif kind == "spans":
        assert teacher["f1"] > 0.4  # tagging every word as none gives 0
        assert student["f1"] > 0.9 * teacher["f1"]
    else:
        assert teacher["mae"] < 12  # always saying 100 misses by 12 or more
        assert student["pearson"] > 0.2


def test_an_answer_with_a_confidence_has_a_cascade(done):
    kind, folder, recipe = done
    found = json.loads((folder / "out/evaluation.json").read_text())["cascades"]
    assert [one["model"] for one in found] == ([] if kind == "score" else ["student", "kd-real"])
    if kind != "score":
        both = Cascade.load(
            str(folder / "student"), str(folder / "teacher"), found[0]["promises"][0]["confidence"],
            task=recipe.task, max_length=32,
        )  # fmt: skip
        rows = load_dataset(str(folder / "out"), split="test")
        answered = both.predict(rows["text"])
        known = {"multi": set(recipe.labels), "spans": set(TAGS)}[kind]
        assert {name for names in answered.labels for name in names} <= known
        assert answered.alone.mean() == pytest.approx(
            found[0]["promises"][0]["test"]["share"]["value"]
        )


def test_transformers_loads_the_student_for_what_it_is(done):
    kind, folder, recipe = done
    if kind == "spans":
        text, student = "the movie was great and the best", str(folder / "student")
        found = pipeline("token-classification", student, aggregation_strategy="simple")(text)
        assert {one["entity_group"] for one in found} <= {"praise", "blame"}
        assert all(text[one["start"] : one["end"]].strip() for one in found)
        return
    student = pipeline("text-classification", str(folder / "student"), top_k=None)
    assert student.model.config.problem_type == recipe.task.problem_type
    (answer,) = student(["the movie was great and the best"])
    found = {one["label"]: one["score"] for one in answer}
    if kind == "multi":
        assert set(found) == {"praise", "blame"}
        assert all(0 <= score <= 1 for score in found.values())
    else:
        assert 50 < found["rating"] < 150  # in the units of the file


def test_every_figure_of_the_evaluation_is_the_tasks(done):
    kind, folder, recipe = done
    found = json.loads((folder / "out/evaluation.json").read_text())
    key = recipe.task.measure.key
    assert found["task"]["kind"] == kind
    assert {one["suite"] for one in found["results"]} == {"clean", "typo"}
    for one in found["results"]:
        assert one[key]["low"] <= one[key]["value"] <= one[key]["high"]
        assert recipe.task.figures.keys() <= one.keys()
        assert ("confusion" in one) == (kind == "spans")
    card = (folder / "student/README.md").read_text()
    assert recipe.task.measure.name in card
    page = (folder / "out/report.html").read_text()
    assert ("Confusion" in page) == (kind == "spans")
    assert ("<mark" in page) == (kind == "spans")
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    assert "What the data bought" in page


def test_entities_are_told_by_type_and_by_whether_train_has_them(done):
    kind, folder, _ = done
    found = json.loads((folder / "out/evaluation.json").read_text())
    mentions = [one for one in found["slices"] if one["by"] == "mention"]
    assert bool(mentions) == (kind == "spans")
    for one in found["results"]:
        assert ("types" in one) == (kind == "spans")
        if kind == "spans":
            entities = sum(of["entities"] for of in one["types"].values())
            assert entities == sum(one["matches"].values()) - one["matches"]["invented"]
            assert entities == sum(map(sum, one["confusion"][:-1]))
            assert all(
                0 <= of["f1"]["low"] <= of["f1"]["high"] <= 1 for of in one["types"].values()
            )
    if kind == "spans":
        total = sum(one["rows"] for one in mentions if one["model"] == "teacher")
        assert total == entities_of_clean(found)


def entities_of_clean(found):
    (clean,) = [one for one in found["results"]
                if (one["suite"], one["model"]) == ("clean", "teacher")]  # fmt: skip
    return sum(of["entities"] for of in clean["types"].values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {**TASKS["spans"], "distill": {"model": "s", "mixing": [{"kind": "token_mixup"}]}},
            "token_mixup is not available for the task spans",
        ),
        (
            {
                **TASKS["spans"],
                "distill": {"model": "s", "objective": {"kind": "sld", "balance": True}},
            },
            "balances classes; the task spans has none",
        ),
        (
            {
                **TASKS["spans"],
                "distill": {"model": "s", "objective": {"kind": "adv", "assistant": "m"}},
            },
            "adv is not available for the task spans",
        ),
        (
            {"distill": {"model": "s", "objective": {"kind": "sld"}}},
            "sld is not available for the task score",
        ),
        ({"filter": {"min_confidence": 0.9}}, "have no confidence"),
        ({"task": {"kind": "score"}}, "needs task.tolerance"),
        (
            {"distill": {"model": "s", "training": {"best_by": "accuracy"}}},
            "'accuracy' is not a figure of the task score; allowed: rmse",
        ),
    ],
)
def test_what_makes_no_sense_in_a_kind_is_said_before_any_work(
    change, message, tmp_path, tiny_classifier, tiny_encoder, tiny_mlm
):
    models = {"classifier": tiny_classifier, "encoder": tiny_encoder, "mlm": tiny_mlm}
    values = {"filter": {"teacher_agrees": True}, **TASKS["score"], **change}
    with pytest.raises(ValueError, match=message):
        Recipe.model_validate(settings(tmp_path, models, **values))
