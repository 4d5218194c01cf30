"""Writes the pages on augmenters from the code and from what was measured.

python -m mashbill.transforms.augmenters.docs > docs/augmenters.md
python -m mashbill.transforms.augmenters.docs measured > docs/measured/augmenters.md
python -m mashbill.transforms.augmenters.docs measured zh > docs/measured/augmenters-zh.md
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mashbill.transforms.augmenters import figures
from mashbill.transforms.augmenters.base import Augmenter, TokenAugmenter, apply
from mashbill.transforms.augmenters.registry import AUGMENTERS, available, build
from mashbill.transforms.augmenters.request import Request
from mashbill.transforms.augmenters.statistics import Statistics
from mashbill.transforms.languages.registry import DEFAULT_LANGUAGE

TEXTS = (
    "I didn't think the movie was very good, but the actors were great, and she goes to see an "
    "old film of theirs by the way.",
    "If you like your comedies slow, you will sleep well.",
    "Btw, these films have no plot.",
)
_READING = """## What a reader accepts

Edits of `synonym.wordnet` at its default rate, and variants of `contextual.substitute` at its own,
were read by one reader, who had made the rules, shuffled and without the version's name (November
2026, movie snippets that the rules were not made on; some 60 of the default's lines had been seen
before the shuffling). A synonym is accepted if the
sentence still says the same and could have been written so; a variant of a masked language model if
it is a sentence and still judges the film the same way.

| | accepted |
|---|---|
| `synonym.wordnet`, before senses were weighed | 36 of 100 |
| a synonym means mostly what the word does (60 % of its uses), and is as common | 68 of 100 |
| and no compounds, verb phrases, participles before nouns; 70 % (default) | 88 of 100 |
| the default without film, movie and motion picture | 57 of 69 |
| looser senses (50 %), ranked by an encoder (cosine in context 0.95) | 84 of 100 |
| `contextual.substitute` with the demo's filler, before kinds were kept | 7 of 50 |
| content words for content words, same ending, `min_p` 0.1 (default) | 36 of 75 |
| and the same part of speech by `wordnet` | 44 of 75 |
| and `min_p` 0.3 (not shuffled) | 28 of 60 |

The default finds a synonym in seven of ten snippets, where the looser rules found one in nearly
all; `augment.redraw` gives the rest to other methods. An encoder separates what the reader
accepts only a little (area under the curve 0.6 to 0.67 for the cosine in context): of 154 edits
of the second and third row without film and movie 71 % were accepted, of the 94 with a cosine of
0.97, which `encoder` asks for, 80 %. The option as it is now was not read by itself. What the
demo's filler writes is bounded by the filler, which finds 24 % of the hidden tokens of held-out
text; `adapt-mlm` and `generate` warn below 30 %. The tables above have these
three methods as they are now; before, `synonym.wordnet` found something to do in 96 % of the
texts, with 85.7 % of the labels kept and a cosine of 0.93, and `contextual.substitute` kept
81.2 %.
"""
_SPEED = """## Speed

`python -m benchmarks.augment` measures it beside the peers that are installed. On two cores of an
EPYC, one process, the movie snippets in batches of 512 at a rate of 0.1, a `typo.` or `edit.`
operation made 200,000 to 270,000 variants a second where fast-aug (Rust) made 245,000 to 300,000 in
the same minutes: 0.67 to 0.91 of its rate, with a seed for each row, which it has not. What is left
is one Python string for each text and each edit. `edit.replace` (100,000; fast-aug 255,000),
`edit.case` and `typo.misspelling` (80,000 to 90,000) look words up or mend articles.
`synonym.wordnet` made 64,000 and `distribution.tfidf` 63,000. One text at a time (`augment`) is 10
to 40 times slower than batches, since each call sets numpy up anew.
"""

_HEAD = """# Augmenters

*Written by `python -m mashbill.transforms.augmenters.docs`; a test holds it to the code.*

An augmenter makes variants of a text by edits on the original: spacing, letter case and every
character that is not edited stay as they are. The same text, seed and parameters give the same
edits, in any batch, order, process or thread. A rate of 0 makes none. Each eligible place is
edited with probability `rate`; `min_edits` and `max_edits` then limit the number of edits. What
`protect` and `protect_words` name is never edited, moved or split.

An augmenter works in every language unless its section names some. The recipe's `language` is the
language of the texts, by default `en`; `any` has the augmenters that need no knowledge of a
language. An augmenter that the language lacks is an error before any work.

Default rates follow from measurements: [What does each augmenter do to labels and
meaning?](measured/augmenters.md) To write an augmenter: [Add an
augmenter](extending/augmenter.md).

## Parameters of all augmenters but the combinators
"""
_MEASURED = {
    "en": """# What does each augmenter do to labels and meaning?

*Written by `python -m mashbill.transforms.augmenters.docs measured`; a test holds it to the code
and to the figures.*

What each augmenter does, and its parameters: [Augmenters](../augmenters.md). Speed of the current
version beside other libraries: [How fast are the augmenters?](augmenter-speed.md).
""",
    "zh": """# What does each augmenter do to labels and meaning of Chinese texts?

*Written by `python -m mashbill.transforms.augmenters.docs measured zh`; a test holds it to the code
and to the figures.*

What each augmenter does, and its parameters: [Augmenters](../augmenters.md) and
[Chinese](../chinese.md), where its variants were read, too.
""",
}


def page(measured: figures.Figures) -> str:
    """The page of all augmenters in Markdown; some examples are those that were measured."""
    parts = [_HEAD, _parameters(TokenAugmenter, ())]
    parts += (_section(name, kind, measured) for name, kind in AUGMENTERS.items())
    return "\n".join(parts)


def measured_page(measured: figures.Figures, language: str = DEFAULT_LANGUAGE) -> str:
    """The figures in Markdown. `measured`: what benchmarks/augment_quality.py wrote."""
    kinds = {name: AUGMENTERS[name] for name in available(language)}
    if language != DEFAULT_LANGUAGE:
        kinds = {name: kind for name, kind in kinds.items() if name in measured}
    tables = (
        figures.table(kinds, measured, language),
        figures.rates_table(measured, language),
    )
    parts = [_MEASURED[language], figures.introduction(language), *tables]
    return "\n".join([*parts, _READING, _SPEED] if language == DEFAULT_LANGUAGE else parts)


def _parameters(kind: type[Augmenter], known: Iterable[str]) -> str:
    lines = ["| parameter | default | meaning |", "|---|---|---|"]
    for name, field in kind.model_fields.items():
        if name not in known:
            default = "required" if field.is_required() else f"`{_plain(field)}`"
            lines.append(f"| `{name}` | {default} | {field.description or ''} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _plain(field) -> Any:
    value = field.get_default(call_default_factory=True)
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _section(name: str, kind: type[Augmenter], measured: figures.Figures) -> str:
    known = set(TokenAugmenter.model_fields) if issubclass(kind, TokenAugmenter) else set()
    lines = [f"## {name}\n", " ".join((kind.__doc__ or "").split()) + "\n"]
    if kind.source:
        lines.append(f"Source: {kind.source}.\n")
    if "any" not in kind.languages:
        lines.append(f"Languages: {', '.join(kind.languages)}.\n")
    if parameters := _parameters(kind, known):
        lines.append(parameters)
    if example := _example(name) or measured.get(name, {}).get("example"):
        source, variant = example
        lines.append(f"> {source}\n>\n> {variant}\n")
    return "\n".join(lines)


# What needs files, models or more parameters has the example that was measured, if any.
_SPECS: Mapping[str, Mapping[str, Any]] = {
    "chain": {"of": ["contraction.expand", "typo.keyboard"]},
    "one_of": {"of": ["edit.swap", "edit.delete"]},
    "sometimes": {"of": ["edit.swap"], "probability": 1.0},
}


def _example(name: str) -> list[str] | None:
    kind = AUGMENTERS[name]
    needs = any(field.is_required() for field in kind.model_fields.values())
    outside = name == "synonym.wordnet" or name.startswith("nlpaug.") or kind.uses_model is True
    if outside or name not in available(DEFAULT_LANGUAGE) or (needs and name not in _SPECS):
        return None
    augmenter = build({"use": name, **_SPECS.get(name, {})})
    if augmenter.uses_entities:
        return _example_of_entities(augmenter)
    if augmenter.needs_statistics:
        augmenter = augmenter.with_statistics(Statistics.of([*TEXTS, "A dull story of two men."]))
    return example_of(augmenter)


_NAMED = ("An Austrian lives in Oslo.", "A Dane flew to Rome.")
_NAMES = ((("Austrian", 3), ("Oslo", 21)), (("Dane", 2), ("Rome", 15)))


def _example_of_entities(augmenter: Augmenter) -> list[str]:
    labels = [
        [{"start": at, "end": at + len(name), "label": kind} for kind, (name, at) in enumerate(one)]
        for one in _NAMES
    ]
    statistics = Statistics.of(_NAMED, labels=labels, types=["PER", "LOC"])
    bound = augmenter.with_statistics(statistics)
    return [_NAMED[0], *bound.variants_batch(Request(_NAMED[:1], [1], labels[:1]))]


def example_of(augmenter: Augmenter, texts: Sequence[str] = TEXTS) -> list[str] | None:
    """A text and a variant; None where there is nothing to do in any."""
    for text in texts:
        for seed in range(20):
            variant = apply(text, augmenter.augment(text, seed))
            if variant != text:
                return [text, variant]
    return None


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measured", *language]:
            name = "".join(language) or DEFAULT_LANGUAGE
            sys.stdout.write(measured_page(figures.read(figures.file_of(name)), name))
        case _:
            sys.stdout.write(page(figures.read()))
