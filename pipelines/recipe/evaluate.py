"""What the teacher and the student are tested on, and compared with."""

from collections import Counter
from typing import Literal

from pydantic import Field, StrictStr, model_validator

from mashbill.models.settings import Path, Section
from mashbill.pipelines.recipe.corpus import Corpus
from mashbill.pipelines.recipe.values import Name, Suite
from mashbill.transforms.corpus_spec import CorpusSpec

Baseline = Literal["hard-real", "kd-real", "hard-synthetic", "kd"]


class EvaluationSet(Corpus):
    """Another labelled set to test on; without `suites`, as it is."""

    label: StrictStr | tuple[StrictStr, ...] = Field(
        description="field that holds the label, or a list of fields, one for each label"
    )
    suites: tuple[Suite, ...] = Field(("clean",), description="suites that perturb the set")

    def spec(self) -> CorpusSpec:
        return CorpusSpec(**self.model_dump(exclude={"suites"}))


class HumanRatings(Section):
    """JSONL with several ratings for each text: labels, or numbers that `bounds` part."""

    path: Path = Field(description="JSONL file")
    text: StrictStr = Field("text", description="field that holds the text")
    ratings: StrictStr = Field("ratings", description="field that holds the list of ratings")
    bounds: tuple[float, ...] = Field(
        (),
        description="ascending numbers that separate the labels, one fewer than labels; a "
        "rating equal to a bound counts half on either side",
    )

    def spec(self) -> CorpusSpec:
        return CorpusSpec("human", self.path, "jsonl", self.text)


class Arm(Section):
    """A classifier to compare, with what its texts go through first."""

    model: Path = Field(description="classifier: a folder, or `hf://NAME`")
    before: Literal["spelling"] | None = Field(
        None,
        description="`spelling` corrects each text with the words of the train split first",
    )


class Evaluate(Section):
    suites: tuple[Suite, ...] = Field(
        ("all",), description="suites that perturb the test split: `all`, or names"
    )
    sets: tuple[EvaluationSet, ...] = Field((), description="further labelled sets")
    models: dict[Name, Path | Arm] = Field(
        default_factory=dict,
        description="further classifiers, name to folder, or to `model` and what comes `before` it",
    )
    second_teacher: Path | None = Field(
        None,
        description="teacher that differs from the recipe's by its seed alone; how far the two "
        "agree is the most that can be asked of a student",
    )
    people: HumanRatings | None = Field(
        None, description="texts with several human ratings each, to compare with confidence"
    )
    baseline: Baseline | None = Field(
        "kd-real",
        description="baseline that the student is compared with, see `distill --baseline`; "
        "null for none",
    )
    wordnet: Path | None = Field(
        None, description="folder of WordNet's files, for the suite `synonym`"
    )
    limit: int | None = Field(
        None, ge=1, description="largest number of source examples of each set"
    )

    @property
    def arms(self) -> dict[str, Arm]:
        """The further classifiers, in full."""
        return {
            name: one if isinstance(one, Arm) else Arm(model=one)
            for name, one in self.models.items()
        }

    @model_validator(mode="after")
    def _names_are_unique(self):
        for name, times in Counter(one.name for one in self.sets).items():
            if times > 1 or name == "test":
                raise ValueError(f"sets: {name!r}: the name is already taken")
        return self
