import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mashbill.pipelines.recipe import Recipe
from mashbill.pipelines.recipe_file import RecipeError, load_recipe
from tests.anything import anything

ROOT = Path(__file__).parents[2]
RECIPE = """\
seed: 7
corpus:
  - {name: reviews, path: "data/*.jsonl", label: label}
labels: [negative, positive]
augment:
  copies: 2
  methods:
    - {use: typo.keyboard, rate: 0.05, share: 2}
teacher: {model: models/teacher}
output: {path: out}
"""

NEAR = "{kind: near_duplicate}"
TOO_FAR = "{kind: similarity, model: %s, minimum: 0.5}"


@pytest.fixture
def load(tmp_path):
    def load(*overrides, text=RECIPE):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return load_recipe(str(path), overrides)

    return load


@pytest.fixture
def refused(load):
    def refused(*overrides, text=RECIPE):
        with pytest.raises(RecipeError) as error:
            load(*overrides, text=text)
        return str(error.value)

    return refused


def test_a_recipe_is_typed_frozen_and_has_defaults(load):
    recipe = load()
    assert recipe.splits.fractions() == (0.8, 0.1, 0.1)
    assert recipe.augment.methods[0].augmenter().rate == 0.05
    with pytest.raises(ValidationError):
        recipe.seed = 8


def test_an_augmenter_that_the_language_lacks_is_an_error_at_its_line(refused, load):
    text = RECIPE.replace(
        "    - {use", "    - {use: edit.swap}\n    - {use: contraction}\n    - {use"
    )
    said = refused("language=any", text=text)
    assert "recipe.yaml:9: augment.methods.1.use: 'contraction': contraction works in en" in said
    assert "not in any; available: typo.keyboard, typo.insert" in said
    assert "grammar.article" not in said
    assert load(text=text).language == "en"


def test_a_part_of_a_combination_has_to_work_in_the_language_too(refused):
    text = RECIPE.replace(
        "use: typo.keyboard, rate: 0.05", "use: chain, of: [edit.swap, grammar.article]"
    )
    assert "augment.methods.0.use: 'chain': grammar.article works in en" in refused(
        "language=any", text=text
    )


def test_a_language_without_a_keyboard_needs_its_name(refused, load):
    assert "typo.keyboard needs a `layout` for the language any: de, en" in refused("language=any")
    text = RECIPE.replace("use: typo.keyboard", "use: typo.keyboard, layout: de")
    (method,) = load("language=any", text=text).methods()
    assert method.augmenter().language.name == "any"


def test_a_language_that_is_none_is_answered_with_the_nearest(refused):
    assert (
        "language: 'eng': 'eng' is not a language (did you mean 'en'?); available: en, zh, any"
        in refused("language=eng")
    )


def test_the_demos_recipe_is_one():
    assert load_recipe(str(ROOT / "examples/reviews/recipe.yaml")).output.shards == 8


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("distill: {student: {layers: [1]}}", "distill.student.from: the key is missing"),
        ("distill: {student: {from: x}}", "distill.student.from: 'x' is not allowed; allowed: te"),
        (
            "distill: {data: {soft_labels: {contraction: rows}}}",
            "soft_labels.contraction: 'rows' is not allowed (did you mean 'row'?)",
        ),
        ("distill: {data: {soft_labels: 3}}", "soft_labels: 3 is not allowed; allowed: row, sou"),
        ("search: {steps: 3}", "search.steps: 3: not a list"),
        ("search: {steps: [3]}", "search.steps.1: the entry is missing"),
        ("splits: 3", "splits: 3: not a mapping of keys"),
        ("evaluate: {models: {a: 3}}", "evaluate.models.a: 3 is not text; quote it"),
        ("evaluate: {models: {a: {before: spelling}}}", "evaluate.models.a.model: the key is miss"),
    ],
)
def test_an_error_names_keys_of_the_file_and_the_value_that_was_meant(refused, section, said):
    """Where a value may be of several types, neither pydantic's names for these nor the errors of
    those that fit it less."""
    lines = refused(text=f"{RECIPE}\n{section}\n").splitlines()
    (line,) = [line for line in lines if said.split(":")[0] in line]
    assert said in line


def test_overrides_reach_into_sections_and_lists(load):
    recipe = load("augment.copies=5", "corpus.0.name=films", "mlm={model: a, base: b}")
    assert recipe.augment.copies == 5
    assert recipe.corpus[0].name == "films"
    assert recipe.mlm.base == "b"


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ("seed: 7", "sede: 7", 1, ["sede: no such key", "did you mean 'seed'?", "allowed: seed,"]),
        ("copies: 2", "copys: 2", 6, ["augment.copys", "did you mean 'copies'?"]),
        ("copies: 2", "copies: -1", 6, ["augment.copies: -1: input should be greater than"]),
        ("seed: 7", "seed: many", 1, ["seed: 'many': input should be a valid integer"]),
        (
            "[negative, positive]",
            "[no, yes]",
            4,
            ["labels.0: False is not text: YAML reads yes"],
        ),
        ("[negative, positive]", "[a, a]", None, ["labels: 'a' appears twice"]),
        ("[negative, positive]", "[é, e\u0301]", None, ["labels: 'é' appears twice"]),
        ("label: label", "format: jsnl", 3, ["'jsnl' is not allowed", "did you mean 'jsonl'?"]),
        ("typo.keyboard", "typo.keybord", 8, ["did you mean 'typo.keyboard'?"]),
        ("rate: 0.05", "rat: 0.05", 8, ["typo.keyboard has no parameter 'rat'", "'rate'?"]),
        ("rate: 0.05", "rate: 1.5", 8, ["rate: 1.5", "less than or equal to 1"]),
        ("output: {path: out}", "", None, ["output: the key is missing"]),
        ("seed: 7", "splits: {train: 0.9}", 1, ["must sum to 1, not 1.1"]),
        ("seed: 7", "filter: {min_similarity: 0.5}", 1, ["min_similarity needs similarity_model"]),
        ("seed: 7", "filters: [{kind: legnth}]", 1, ["'legnth' is not allowed", "'length'?"]),
        ("seed: 7", "filters: [{minimum: 1}]", 1, ["filters.0.kind: the key is missing"]),
        ("seed: 7", "filters: [{kind: length, minmum: 1}]", 1, ["did you mean 'minimum'?"]),
        (
            "seed: 7",
            "filters: [{kind: length}]",
            1,
            ["filters.0: needs a bound: minimum,"],
        ),
        ("seed: 7", "filters: [{kind: similarity, minimum: 1}]", 1, ["model: the key is missing"]),
        ("seed: 7", f"filters: [{NEAR}, {NEAR}]", None, ["near_duplicate may appear only once"]),
        ("seed: 7", f"filters: [{TOO_FAR % 'a'}, {TOO_FAR % 'b'}]", None, ["not a and b"]),
        ("seed: 7", "distill: {model: m, objective: {kind: advv}}", 1, ["did you mean 'adv'?"]),
        (
            "seed: 7",
            "distill: {model: m, objective: {kind: adv, assistant: a, tempreature: 2}}",
            1,
            ["distill.objective.tempreature: no such key (did you mean 'temperature'?)"],
        ),
        ("name: reviews", "name: ../x", 3, ["corpus.0.name: '../x'"]),
        ("seed: 7", "seed: 7\nseed: 8", 2, ["seed: the key appears twice"]),
        ("seed: 7", "seed: [", None, ["expected"]),
    ],
)
def test_an_error_names_line_key_value_and_what_is_right(refused, old, new, line, parts):
    message = refused(text=RECIPE.replace(old, new))
    assert "recipe.yaml" in message
    for part in parts:
        assert part in message
    if line is not None:
        assert f"recipe.yaml:{line}: " in message


def test_the_short_filters_are_those_in_full(load):
    short = load(
        "filter={similarity_model: m, min_similarity: 0.5, max_synthetic: 0.6,"
        " teacher_agrees: true, min_confidence: 0.7}"
    )
    full = load(
        "filters=[{kind: similarity, model: m, minimum: 0.5}, {kind: synthetic, model: m,"
        " maximum: 0.6}, {kind: teacher_agrees}, {kind: confidence, minimum: 0.7}]"
    )
    assert short.every_filter() == full.every_filter()
    assert short.needs() == full.needs()
    assert (short.encoder, short.wants_discriminator) == (full.encoder, full.wants_discriminator)


def test_every_error_is_told_at_once(refused):
    message = refused(text=RECIPE.replace("seed", "sede").replace("copies", "copys"))
    assert len(message.splitlines()) == 2


@pytest.mark.parametrize("override", ["seed", "=1", "corpus.7.name=x", "seed.deep=1", "seed=["])
def test_an_override_that_fits_nowhere(refused, override):
    assert refused(override).startswith(f"--set {override}: ")


def test_a_file_that_is_no_recipe(refused, tmp_path):
    assert "a recipe is a mapping" in refused(text="- 1\n")
    assert "a recipe is a mapping" in refused(text="")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(str(tmp_path / "nowhere.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"seed: caf\xe9")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(str(tmp_path / "latin.yaml"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(anything(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(Recipe.model_fields)), value=VALUES)
def test_no_value_makes_more_than_a_recipe_error(tmp_path_factory, key, value):
    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(RECIPE), key: value}), encoding="utf-8")
    with suppress(RecipeError):
        load_recipe(str(path))


PAIRS = RECIPE.replace("label: label}", "label: label, text_pair: other}")


def test_what_needs_a_label_of_one_text_is_refused_for_pairs(refused, load):
    keeper = "{use: contextual.insert, model: m, keep_label: t}"
    chain = f"{{use: chain, of: [{keeper}]}}"
    for method in (keeper, chain):
        text = PAIRS.replace("{use: typo.keyboard, rate: 0.05, share: 2}", method)
        assert "augment.methods.0: keep_label is not available for pairs" in refused(text=text)
        load(text=text.replace(", text_pair: other", ""))
    conditional = "\nmlm: {model: m, base: b, condition_on_label: true}\n"
    assert "condition_on_label is not available for pairs" in refused(text=PAIRS + conditional)


def test_what_is_for_named_entities_is_refused_where_there_are_none(refused):
    replace, keeper = "{use: entity.replace}", "{use: edit.swap, protect: [default, spans]}"
    for method in (replace, keeper, f"{{use: chain, of: [{keeper}]}}"):
        text = RECIPE.replace("{use: typo.keyboard, rate: 0.05, share: 2}", method)
        assert "its texts have no named entities; task: {kind: spans}" in refused(text=text)
    fields = RECIPE.replace("label: label}", "label: [a, b]}") + "\ntask: {kind: spans}\n"
    assert "the entities of a text must be one field" in refused(text=fields)


def test_what_takes_labels_from_words_is_refused_for_named_entities(refused):
    spans = RECIPE + "\ntask: {kind: spans}\n"
    arm = "evaluate: {models: {x: {model: m, before: spelling}}}"
    assert "evaluate.models.x.before: moves the words" in refused(text=spans + arm)
    training = "distill: {model: s, training: {choose_under: [typo]}}"
    assert "distill.training.choose_under: its noise" in refused(text=spans + training)


EXAMPLES = sorted([*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "benchmarks").glob("*.yaml")])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_recipes(path):
    recipe = load_recipe(str(path))
    assert recipe.output.path.startswith("out/")


BOMB = "a0: &a0 [x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "once its aliases are expanded"),
        ("labels: &me [*me]\n", "recipe.yaml:1: labels: contains itself"),
        ("labels: " + "[" * 5000 + "]" * 5000, "nest"),
        ("labels: [" + "a, " * 400_000 + "b]\n", "larger than 1 MB"),
        (RECIPE + "".join(f"k{i}: 1\n" for i in range(5000)), "and 4,980 more"),
    ],
    ids=["bomb", "ring", "deep", "large", "many keys"],
)
def test_a_recipe_that_would_take_for_ever_is_refused_at_once(refused, text, said):
    begin = time.process_time()
    message = refused(text=text)
    assert said in message
    assert len(message) < 20_000
    assert time.process_time() - begin < 10


def test_an_override_is_held_to_the_same(refused):
    assert "contains itself" in refused("labels=&me [*me]")


def test_a_pipe_is_no_recipe(tmp_path):
    os.mkfifo(tmp_path / "recipe.yaml")
    with pytest.raises(RecipeError, match="is a named pipe, not a file"):
        load_recipe(str(tmp_path / "recipe.yaml"))


def test_a_catastrophic_expression_is_refused_where_it_stands(refused):
    method = r"{use: typo.keyboard, protect: ['(?:x|x)+?y']}"
    message = refused(text=RECIPE.replace("{use: typo.keyboard, rate: 0.05, share: 2}", method))
    assert "augment.methods.0" in message
    assert "protect" in message
    assert "exponential time" in message


def test_pairs_have_no_windows(tmp_path):
    values = {
        "corpus": [{"name": "a", "path": "a.jsonl", "text_pair": "second"}],
        "labels": ["a", "b"],
        "teacher": {"model": "m", "windows": {}},
        "output": {"path": "out"},
    }
    with pytest.raises(
        ValidationError, match=r"teacher\.windows: not available for pairs of texts"
    ):
        Recipe.model_validate(values)
    values["corpus"][0].pop("text_pair")
    assert Recipe.model_validate(values).teacher.windows.most == 8
