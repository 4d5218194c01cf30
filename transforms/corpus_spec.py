"""What a recipe says of a corpus; without Beam, so that a recipe is read at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from mashbill.transforms.hub import HUB


@dataclass(frozen=True)
class CorpusSpec:
    """One corpus of a recipe.

    Attributes:
        name: stands in the column `corpus`.
        path: a glob, several, or `hf://NAME?split=train&config=…` for a data set that `datasets`
            knows by name or by local folder.
        format: of the files; `auto` goes by the extension.
        text, text_pair, label: columns; a text file has none. Several for a label: one for each of
            the task's labels.
        split: fixes the split of all rows; None lets the id decide.
        labelled: share of the train examples that keep their gold label; the id decides.
        max_characters: of a text; a longer one becomes a reject.
        encoding: of text files; None goes by the byte-order mark, else UTF-8.
        delimiter: of CSV and TSV files; None goes by the kind of file.
        quoting: `minimal`, or `none` where a quote is a character like any other.
        header: whether the first line names the columns.
        columns: their names where it does not.
        scheme: of the tags of words; `auto` goes by the tags of a CoNLL file.
        spacing: how words become a text, see `joining.join`.
        allow_missing_label: some files may lack the label's field.
    """

    name: str
    path: str | Sequence[str]
    format: str = "auto"
    text: str = "text"
    text_pair: str | None = None
    label: str | Sequence[str] | None = None
    split: str | None = None
    labelled: float = 1.0
    max_characters: int = 1_000_000
    encoding: str | None = None
    delimiter: str | None = None
    quoting: str = "minimal"
    header: bool = True
    columns: tuple[str, ...] = ()
    scheme: str = "auto"
    spacing: str = "natural"
    allow_missing_label: bool = False

    @property
    def fields(self) -> list[str]:
        texts = [name for name in (self.text, self.text_pair) if name is not None]
        return [*texts, *self.label_fields]

    @property
    def label_fields(self) -> tuple[str, ...]:
        if self.label is None:
            return ()
        return (self.label,) if isinstance(self.label, str) else tuple(self.label)

    @property
    def patterns(self) -> Sequence[str]:
        return [self.path] if isinstance(self.path, str) else self.path

    @property
    def addresses(self) -> list[str]:
        return [pattern for pattern in self.patterns if pattern.startswith(HUB)]

    @property
    def globs(self) -> list[str]:
        return [pattern for pattern in self.patterns if not pattern.startswith(HUB)]
