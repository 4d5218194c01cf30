"""The recipe: one frozen, typed object that describes a run."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from mashbill.models.balance import Balance
from mashbill.models.distill.matching import AnyMatching
from mashbill.models.distill.mixing import Mixing
from mashbill.models.distill.objectives import Adversarial, Distillation, Objective
from mashbill.models.distill.settings import DataChoice, Training
from mashbill.models.distill.student import FromTeacher, Student
from mashbill.models.errors import MashbillError
from mashbill.models.references import ModelRef, once_each
from mashbill.models.settings import Fraction, Path, Section
from mashbill.models.tasks.registry import AnyTask
from mashbill.models.tasks.single import Single
from mashbill.models.tasks.tag_schemes import Scheme
from mashbill.models.windows import Windows
from mashbill.pipelines.task_fit import misfits
from mashbill.transforms.assignment import Method as AssignedMethod
from mashbill.transforms.augmenters.base import Augmenter
from mashbill.transforms.augmenters.registry import check_language, parse
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.examples import Split
from mashbill.transforms.filters.base import Filter
from mashbill.transforms.filters.confidence import MinConfidence
from mashbill.transforms.filters.near_duplicate import NearDuplicate
from mashbill.transforms.filters.registry import AnyFilter
from mashbill.transforms.filters.similarity import MinSimilarity
from mashbill.transforms.filters.synthetic import MaxSynthetic
from mashbill.transforms.filters.teacher_agrees import TeacherAgrees
from mashbill.transforms.joining import Spacing
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE, LANGUAGES, language_of
from mashbill.transforms.suites.registry import check_name

Precision = Literal["auto", "fp32", "bf16"]
Baseline = Literal["hard-real", "kd-real", "hard-synthetic", "kd"]
Name = Annotated[StrictStr, Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _suite(name: str) -> str:
    try:
        return check_name(name)
    except MashbillError as error:
        raise ValueError(str(error)) from None


Suite = Annotated[StrictStr, AfterValidator(_suite)]


def _language(name: str) -> str:
    try:
        language_of(name)
    except MashbillError as error:
        raise ValueError(str(error)) from None
    return name


def _written(path: str) -> str:
    """A path that files can be written below."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", path)
    if scheme and scheme[1] in READ_ONLY:
        raise ValueError(f"{path}: {scheme[1]}:// is read-only")
    return path


READ_ONLY = ("hf", "http", "https")
WrittenPath = Annotated[Path, AfterValidator(_written)]


def _encoding(name: str) -> str:
    try:
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise ValueError("unknown encoding; examples: utf-16, gb18030, big5, latin-1") from None
    return name


def _delimiter(character: str) -> str:
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(
            'must be one character other than a quote; a tab is "\\t", in double quotes'
        )
    return character


class Corpus(Section):
    """Input files of one kind; `path` is a glob, a list of globs, or `hf://NAME?split=train`."""

    name: Name = Field(description="name of the corpus in messages and in the column `corpus`")
    path: Path | tuple[Path, ...] = Field(
        description="a file, a glob, a list of these, or `hf://NAME?split=train`"
    )
    format: Literal["auto", "text", "jsonl", "csv", "tsv", "parquet", "conll"] = Field(
        "auto", description="format of the files; `auto` goes by the file extension"
    )
    text: StrictStr = Field("text", description="field that holds the text")
    text_pair: StrictStr | None = Field(
        None, description="field that holds the second text, for pairs of texts"
    )
    label: StrictStr | tuple[StrictStr, ...] | None = Field(
        None, description="field that holds the label, or a list of fields, one for each label"
    )
    split: Split | None = Field(
        None, description="split that all rows go into; default: by the id of each row"
    )
    labelled: Fraction = Field(
        1.0, description="share of the train examples that keep their gold label, chosen by id"
    )
    max_characters: int = Field(
        1_000_000, ge=1, description="largest length of a text; a longer one is a reject"
    )

    encoding: Annotated[StrictStr, AfterValidator(_encoding)] | None = Field(
        None,
        description="encoding of text files, such as utf-16, gb18030 or latin-1; default: as "
        "the byte-order mark says, otherwise UTF-8",
    )
    delimiter: Annotated[StrictStr, AfterValidator(_delimiter)] | None = Field(
        None, description="character between the fields; default: a comma in CSV, a tab in TSV"
    )
    quoting: Literal["minimal", "none"] = Field(
        "minimal", description="`none` treats quotes in CSV and TSV as ordinary characters"
    )
    header: bool = Field(
        True, description="whether the first line of CSV and TSV holds the column names"
    )
    columns: tuple[StrictStr, ...] = Field(
        (), description="column names of CSV and TSV without a header, all of them in order"
    )
    scheme: Literal["auto", *get_args(Scheme)] = Field(
        "auto",
        description="how the tags of words mark entities; `auto` goes by the tags of a CoNLL file, "
        "and else takes IOB2 or IOBES",
    )
    spacing: Spacing = Field(
        "natural",
        description="how words become a text: `plain` puts a space between any two, `natural` none "
        "before closing marks and behind opening ones",
    )
    allow_missing_label: bool = Field(
        False, description="whether files may lack the label field; their rows are unlabelled"
    )

    @model_validator(mode="after")
    def _columns_stand_for_a_header(self):
        if self.header == bool(self.columns) and self.format != "conll":
            raise ValueError("columns: required when header is false, and not allowed otherwise")
        for name in self.spec().fields:
            if self.columns and self.columns.count(name) != 1:
                raise ValueError(f"columns: must contain {name!r} exactly once")
        return self

    def spec(self) -> CorpusSpec:
        return CorpusSpec(**self.model_dump())


class Splits(Section):
    train: Fraction = Field(0.8, description="share of the sources")
    validation: Fraction = Field(0.1, description="share of the sources")
    test: Fraction = Field(0.1, description="share of the sources")
    stratify: bool = Field(
        False,
        description="divide every class by these fractions; default: split by chance",
    )

    @model_validator(mode="after")
    def _sums_to_one(self):
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the three fractions must sum to 1, not {total:g}")
        return self

    def fractions(self) -> tuple[float, float, float]:
        return self.train, self.validation, self.test


class Method(BaseModel):
    """One way to make a variant; keys beside `use` and `share` are the augmenter's parameters."""

    model_config = ConfigDict(frozen=True, extra="allow")
    use: StrictStr = Field(description="name of the augmenter; see `mashbill augmenters`")
    share: float = Field(
        1.0,
        gt=0,
        allow_inf_nan=False,
        description="relative frequency with which this method is drawn",
    )

    def augmenter_spec(self) -> dict[str, Any]:
        return self.model_dump(exclude={"share"})

    def augmenter(self) -> Augmenter:
        """For texts of whichever language; see `Recipe.methods`."""
        return parse(self.augmenter_spec())

    @model_validator(mode="after")
    def _builds(self):
        try:
            self.augmenter()
        except MashbillError as error:
            raise ValueError(str(error)) from None
        return self


class Augment(Section):
    copies: int = Field(4, ge=0, le=1000, description="variants per source example")
    methods: tuple[Method, ...] = Field(
        (),
        max_length=1000,
        description="methods that make variants; each is drawn in proportion to its `share`",
    )
    first_copy: int = Field(
        1, ge=1, le=30_000, description="number of the first variant of a source"
    )
    splits: tuple[Split, ...] = Field(("train",), description="splits whose sources get variants")
    fields: tuple[Literal["text", "text_pair"], ...] = Field(
        ("text",), min_length=1, description="texts of a pair that are changed"
    )
    redraw: bool = Field(
        True,
        description="draw another method for a copy where the first one finds nothing to change",
    )

    @model_validator(mode="after")
    def _has_methods(self):
        if self.copies and not self.methods:
            raise ValueError("copies > 0 needs at least one entry in methods")
        return self

    def needs(self) -> list[ModelRef]:
        return [model for method in self.methods for model in method.augmenter().needs()]

    def reads(self) -> list[str]:
        """Files and folders, models aside, that the methods take their words from."""
        paths = (path for method in self.methods for path in method.augmenter().reads())
        return sorted(set(paths))

    @property
    def copy_numbers(self) -> range:
        return range(self.first_copy, self.first_copy + self.copies)


class Filtering(Section):
    """What a variant must hold to stay, in short, and the weight of rows; see `filters`."""

    min_similarity: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="short for the filter `similarity`: smallest cosine to the source",
    )
    similarity_model: Path | None = Field(
        None, description="sentence encoder; adds the column `similarity`"
    )
    discriminator: bool = Field(False, description="add the column `synthetic`")
    max_synthetic: Fraction | None = Field(
        None, description="short for the filter `synthetic`: largest probability of being synthetic"
    )
    teacher_agrees: bool = Field(False, description="short for the filter `teacher_agrees`")
    min_confidence: Fraction = Field(
        0.0, description="short for the filter `confidence`: smallest confidence of the teacher"
    )
    weight: Literal["uniform", "similarity", "confidence"] = Field(
        "uniform", description="training weight of a row"
    )

    @model_validator(mode="after")
    def _similarity_needs_a_model(self):
        if self.min_similarity is not None and self.similarity_model is None:
            raise ValueError("min_similarity needs similarity_model, a sentence encoder")
        if self.max_synthetic is not None and self.similarity_model is None:
            raise ValueError("max_synthetic needs similarity_model, a sentence encoder")
        return self

    def filters(self) -> list[Filter]:
        """In full."""
        found: list[Filter] = []
        if self.min_similarity is not None:
            found.append(MinSimilarity(model=self.similarity_model, minimum=self.min_similarity))
        if self.max_synthetic is not None:
            found.append(MaxSynthetic(model=self.similarity_model, maximum=self.max_synthetic))
        if self.teacher_agrees:
            found.append(TeacherAgrees())
        if self.min_confidence:
            found.append(MinConfidence(minimum=self.min_confidence))
        return found


class TeacherTraining(Section):
    base: Path = Field(description="pretrained model to start from: a folder, or `hf://NAME`")
    epochs: int = Field(3, ge=1, description="passes over the labelled train rows")
    learning_rate: float = Field(
        5e-5, gt=0, description="peak learning rate, reached after the warmup"
    )
    batch_size: int = Field(32, ge=1, description="rows per step")
    patience: int = Field(
        2, ge=1, description="evaluations without improvement before training stops"
    )
    best_by: StrictStr | None = Field(
        None,
        description="validation figure that chooses the epoch; default: accuracy, or "
        "macro_f1 if the rarest class has less than a third of an even share",
    )
    balance: Balance = Field(
        "auto",
        description="`weights` weighs each row in inverse proportion to the size of its "
        "class; `auto` does so if the classes are that uneven",
    )


class Teacher(Section):
    model: Path = Field(description="classifier that labels the texts: a folder, or `hf://NAME`")
    max_length: int = Field(
        128, ge=4, description="largest number of tokens of a text, or of one of its windows"
    )
    precision: Precision = Field(
        "auto", description="precision of the model; `auto` is bf16 if the hardware supports it"
    )
    windows: Windows | None = Field(
        None,
        description="read a text that is longer than max_length in several windows, the "
        "student too; both are trained on its beginning",
    )
    train: TeacherTraining | None = Field(
        None,
        description="how `train-teacher` trains the teacher; without this section the model "
        "must exist",
    )

    def needs(self) -> list[ModelRef]:
        return [ModelRef(self.model, "classifier")]


class MaskedLanguageModel(Section):
    model: Path = Field(description="folder of the adapted model")
    base: Path = Field(
        description="masked language model or encoder to start from: a folder, or `hf://NAME`"
    )
    epochs: int = Field(2, ge=1, description="passes over the train texts")
    learning_rate: float = Field(
        5e-4, gt=0, description="peak learning rate, reached after the warmup"
    )
    batch_size: int = Field(64, ge=1, description="texts per step")
    mask: float = Field(0.15, gt=0, lt=1, description="share of the words that are masked")
    max_length: int = Field(128, ge=4, description="largest number of tokens of a text")
    condition_on_label: bool = Field(
        False,
        description="give the model the gold label of each text, in training and when it fills",
    )


class Resources(Section):
    """What the stages that run models ask an engine for; Dataflow gives it to them alone."""

    accelerator: StrictStr | None = Field(
        None,
        examples=["type:nvidia-tesla-t4;count:1;install-nvidia-driver"],
        description="accelerator of a worker that runs models",
    )
    min_ram: StrictStr | None = Field(
        None, examples=["16GB"], description="memory of a worker that runs models"
    )

    def hints(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class Output(Section):
    path: WrittenPath = Field(description="folder of the data set, on disk or in an object store")
    shards: int = Field(
        8,
        ge=1,
        le=99_999,
        description="largest number of files of a split; a run resumes after its finished shards",
    )
    adds_to: Path | None = Field(
        None, description="folder of a data set with the same sources, to which variants are added"
    )


NEEDS_ALL = "an assistant writes pieces that the student would not know; use full"


class Distill(Section):
    """How the student is made, from the data set that the recipe makes or another one."""

    model: Path = Field(description="folder of the student")
    data: DataChoice = Field(DataChoice(), description="what the student learns from")
    student: Student = Field(
        FromTeacher(), description="architecture and first weights of the student"
    )
    objective: Objective = Field(Distillation(), description="what the student is trained on")
    mixing: tuple[Mixing, ...] = Field(
        (), description="further terms of the loss, on mixed or perturbed vectors"
    )
    matching: tuple[AnyMatching, ...] = Field(
        (), description="further terms of the loss, on hidden states of a live teacher"
    )
    training: Training = Field(Training(), description="settings of the training")
    onnx: bool = Field(
        False, description="also export the student for ONNX Runtime; needs the extra `onnx`"
    )

    @model_validator(mode="after")
    def _assistant_knows_all_pieces(self):
        if isinstance(self.objective, Adversarial) and self.student.vocabulary != "full":
            raise ValueError(f"student.vocabulary: corpus: {NEEDS_ALL}")
        return self


class Assistant(Section):
    """How the assistant is trained, and what a round makes with it; see `Adversarial`."""

    model: Path = Field(
        description="folder of the assistant, a masked language model; later rounds append "
        "their number"
    )
    base: Path = Field(description="masked language model to start from: a folder, or `hf://NAME`")
    student: Student | None = Field(
        None, description="student that it is trained against; default: as in `distill`"
    )
    steps: int = Field(500, ge=1, description="steps of the student that it is trained against")
    replace: float = Field(
        0.3, gt=0, le=1, description="share of the ordinary tokens that it replaces in training"
    )
    gumbel_temperature: float = Field(
        1.0, gt=0, description="temperature of the Gumbel softmax through which its gradient flows"
    )
    assistant_steps: int = Field(10, ge=1, description="assistant's steps in each turn")
    student_steps: int = Field(100, ge=1, description="student's steps in each turn")
    learning_rate: float = Field(
        5e-5, gt=0, description="learning rate of the assistant (AdamW, constant)"
    )
    copies: int = Field(2, ge=1, le=1000, description="variants of each source that a round adds")
    rate: float = Field(
        0.15, gt=0, le=1, description="share of the words that it replaces in these variants"
    )

    @model_validator(mode="after")
    def _knows_all_pieces(self):
        if self.student is not None and self.student.vocabulary != "full":
            raise ValueError(f"student.vocabulary: corpus: {NEEDS_ALL}")
        return self

    def objective(self) -> Adversarial:
        shared = ("replace", "gumbel_temperature", "assistant_steps", "student_steps")
        return Adversarial(
            assistant=self.base,
            assistant_learning_rate=self.learning_rate,
            **self.model_dump(include=set(shared)),
        )


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


def _at(location: tuple[str | int, ...], value: Any, error: MashbillError) -> ValidationError:
    """The error of a value that only fits or not by what stands elsewhere in the recipe."""
    kind = PydanticCustomError("value_error", "{message}", {"message": str(error)})
    details = InitErrorDetails(type=kind, loc=location, input=value)
    return ValidationError.from_exception_data("Recipe", [details])


class Recipe(Section):
    """A run: what is read, how it is augmented, filtered and labelled, and what is made of it."""

    seed: int = Field(0, ge=0, lt=2**63, description="seed of every random decision")
    language: Annotated[StrictStr, AfterValidator(_language)] = Field(
        DEFAULT_LANGUAGE,
        description=f"language of the texts: {', '.join(LANGUAGES.own)}, or a package's; "
        "`any` has what needs none; `zh:FILE` adds words to the segmenter's",
    )
    corpus: tuple[Corpus, ...] = Field(min_length=1, description="files to read")
    labels: tuple[StrictStr, ...] = Field(
        min_length=1,
        max_length=32_767,
        description="label names, in the order of the teacher's outputs",
    )
    task: AnyTask = Field(Single(), description="kind of label: one class, several, or numbers")
    splits: Splits = Field(
        Splits(),
        description="shares of the splits; a source and its variants are in the same split",
    )
    augment: Augment = Field(Augment(copies=0), description="methods and number of variants")
    filter: Filtering = Field(
        Filtering(), description="filters in short form, and the weight of rows"
    )
    filters: tuple[AnyFilter, ...] = Field(
        (),
        description="filters that drop rows; each runs as soon as the columns that it reads exist",
    )
    teacher: Teacher = Field(description="classifier that labels the texts")
    mlm: MaskedLanguageModel | None = Field(
        None, description="how `adapt-mlm` adapts a masked language model to the corpus"
    )
    output: Output = Field(description="where the data set is written")
    resources: Resources = Field(
        Resources(), description="what workers that run models need, on Dataflow"
    )
    distill: Distill | None = Field(None, description="how the student is trained")
    assistant: Assistant | None = Field(
        None, description="how the assistant of `rounds` is trained"
    )
    rounds: int = Field(
        1,
        ge=1,
        description="rounds of generate and distill; each round after the first adds variants",
    )
    evaluate: Evaluate | None = Field(None, description="suites, sets and models to evaluate")

    @model_validator(mode="after")
    def _names_are_unique(self):
        labels = [unicodedata.normalize("NFC", label) for label in self.labels]
        for key, names in (("corpus", [c.name for c in self.corpus]), ("labels", labels)):
            twice = sorted(name for name, times in Counter(names).items() if times > 1)
            if twice:
                raise ValueError(f"{key}: {twice[0]!r} appears twice")
        return self

    @model_validator(mode="after")
    def _augmenters_work_in_the_language(self):
        for place, method in enumerate(self.augment.methods):
            try:
                check_language(method.augmenter(), self.language)
            except MashbillError as error:
                raise _at(("augment", "methods", place, "use"), method.use, error) from None
        return self

    @model_validator(mode="after")
    def _task_knows_its_labels(self):
        try:
            object.__setattr__(self, "task", self.task.over(self.labels))
        except ValueError as error:
            raise ValueError(f"labels: {error}") from None
        return self

    @model_validator(mode="after")
    def _sections_fit_the_task(self):
        for key, fault in misfits(self):
            raise ValueError(f"{key}: {fault}")
        return self

    @model_validator(mode="after")
    def _windows_are_of_single_texts(self):
        if self.teacher.windows is not None and self.is_pair_task:
            raise ValueError(
                "teacher.windows: not available for pairs of texts, which are truncated"
            )
        return self

    @model_validator(mode="after")
    def _rounds_have_players(self):
        for section in ("distill", "assistant"):
            if self.rounds > 1 and getattr(self, section) is None:
                raise ValueError(f"rounds: more than one round needs the section {section}")
        if self.rounds > 1 and self.distill.student.vocabulary != "full":
            raise ValueError(f"distill.student.vocabulary: corpus: {NEEDS_ALL}, or one round")
        return self

    @model_validator(mode="after")
    def _a_pairs_label_says_nothing_of_one_text(self):
        if self.is_pair_task:
            for place, method in enumerate(self.augment.methods):
                if any(model.role == "classifier" for model in method.augmenter().needs()):
                    raise ValueError(
                        f"augment.methods.{place}: keep_label is not available for pairs of texts, "
                        "whose label belongs to both"
                    )
            if self.mlm is not None and self.mlm.condition_on_label:
                raise ValueError(
                    "mlm.condition_on_label is not available for pairs of texts, whose label "
                    "belongs to both"
                )
        return self

    def methods(self) -> list[AssignedMethod]:
        """How variants are made of texts in the recipe's language."""
        return [
            AssignedMethod(method.augmenter_spec(), method.share, self.language)
            for method in self.augment.methods
        ]

    @model_validator(mode="after")
    def _filters_fit_together(self):
        encoders = list(dict.fromkeys(self._encoders()))
        if len(encoders) > 1:
            raise ValueError(
                "filters: all filters must use the same sentence encoder, not "
                f"{' and '.join(encoders)}"
            )
        if not encoders and (self.filter.discriminator or self.filter.weight == "similarity"):
            what = "discriminator" if self.filter.discriminator else "weight: similarity"
            raise ValueError(f"filter: {what} needs similarity_model, a sentence encoder")
        if sum(isinstance(one, NearDuplicate) for one in self.filters) > 1:
            raise ValueError("filters: near_duplicate may appear only once")
        return self

    def every_filter(self) -> list[Filter]:
        """Those of `filter`, then those of `filters`, for the recipe's texts and labels."""
        wanted = (*self.filter.filters(), *self.filters)
        return [one.bound(self.language, self.task) for one in wanted]

    @property
    def near_duplicate(self) -> NearDuplicate | None:
        return next((one for one in self.filters if isinstance(one, NearDuplicate)), None)

    def source_filters(self) -> list[Filter]:
        """Those that drop sources, before these are augmented or trained on."""
        return [one for one in self.every_filter() if one.of_sources]

    def _encoders(self) -> Iterator[str]:
        if self.filter.similarity_model is not None:
            yield self.filter.similarity_model
        yield from (one.encoder for one in self.filters if one.encoder is not None)

    @property
    def encoder(self) -> str | None:
        """The sentence encoder that measures similarity."""
        return next(self._encoders(), None)

    @property
    def wants_discriminator(self) -> bool:
        reads = any("synthetic" in one.reads for one in self.every_filter())
        return self.filter.discriminator or reads

    def needs(self) -> list[ModelRef]:
        """The models that `generate` loads, each once in a role."""
        needed = self.teacher.needs()
        needed += [ModelRef(self.encoder, "encoder")] if self.encoder else []
        needed += [model for one in self.filters for model in one.needs()]
        return once_each(needed + self.augment.needs())

    @property
    def is_pair_task(self) -> bool:
        return any(corpus.text_pair for corpus in self.corpus)

    def labelled_shares(self) -> dict[str, float]:
        """By corpus, the share of the train examples that keep their gold label."""
        return {corpus.name: corpus.labelled for corpus in self.corpus}

    def specs(self) -> list[CorpusSpec]:
        return [corpus.spec() for corpus in self.corpus]
