"""What a recipe reads, and how its sources are divided into splits."""

from typing import Literal, get_args

from pydantic import Field, StrictStr, model_validator

from mashbill.models.settings import Fraction, Path, Section
from mashbill.models.tasks.tag_schemes import Scheme
from mashbill.pipelines.recipe.values import Delimiter, Encoding, Name
from mashbill.transforms.corpus_spec import CorpusSpec
from mashbill.transforms.examples import Split
from mashbill.transforms.joining import Spacing


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

    encoding: Encoding | None = Field(
        None,
        description="encoding of text files, such as utf-16, gb18030 or latin-1; default: as "
        "the byte-order mark says, otherwise UTF-8",
    )
    delimiter: Delimiter | None = Field(
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
