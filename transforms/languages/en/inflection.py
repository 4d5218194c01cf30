"""English inflection both ways: from a form to its lemma, and back for another lemma.

Detachment rules after morphy(7WN); irregular forms come from WordNet's exception lists.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

from mashbill.transforms.languages.en.spelling import regular_form, takes_ending
from mashbill.transforms.languages.en.verbs import Verb, verbs
from mashbill.transforms.languages.en.wordnet import WordNet

KEPT = 100_000  # words: synonyms of many are the same few


class Analysis(NamedTuple):
    """`form` is one of "", "s", "past", "participle", "ed" (either), "ing", "er", "est"."""

    pos: str
    lemma: str
    form: str


_RULES = {
    "n": [("ies", "y", "s"), ("ves", "f", "s"), ("men", "man", "s"), ("es", "", "s"),
          ("s", "", "s")],
    "v": [("ies", "y", "s"), ("es", "", "s"), ("s", "", "s"), ("ied", "y", "ed"), ("ed", "e", "ed"),
          ("ed", "", "ed"), ("ying", "ie", "ing"), ("ing", "e", "ing"), ("ing", "", "ing")],
    "a": [("ier", "y", "er"), ("er", "e", "er"), ("er", "", "er"), ("iest", "y", "est"),
          ("est", "e", "est"), ("est", "", "est")],
    "r": [],
}  # fmt: skip


@functools.lru_cache(KEPT)
def analyses(wordnet: WordNet, word: str) -> tuple[Analysis, ...]:
    """What the (lower-cased) word may be a form of; one analysis for each part of speech."""
    return tuple(_analyses(wordnet, word))


def _analyses(wordnet: WordNet, word: str) -> Iterator[Analysis]:
    for pos, rules in _RULES.items():
        lemmas = [lemma for lemma in wordnet.exceptions[pos].get(word, ()) if lemma != word]
        if lemmas:
            lemma = max(lemmas, key=lambda lemma: wordnet.frequency(lemma, pos))
            yield Analysis(pos, lemma, _irregular_form(pos, word))
            continue
        analysis = _regular(wordnet, word, pos, rules)
        if wordnet.has(word, pos) and not (analysis and _is_likelier(wordnet, word, analysis)):
            yield Analysis(pos, word, "")
        elif analysis:
            yield analysis


def _regular(wordnet: WordNet, word: str, pos: str, rules) -> Analysis | None:
    if pos == "n" and word.endswith("ss"):
        return None
    for ending, instead, form in rules:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            lemma = word[: len(word) - len(ending)] + instead
            if wordnet.has(lemma, pos):
                return Analysis(pos, lemma, form)
    return None


def _is_likelier(wordnet: WordNet, word: str, analysis: Analysis) -> bool:
    """Some plurals are lemmas of their own ("movies", "actions"); the tagged texts decide."""
    return wordnet.frequency(analysis.lemma, analysis.pos) > wordnet.frequency(word, analysis.pos)


def _irregular_form(pos: str, word: str) -> str:
    if pos == "n":
        return "s"
    if pos in "ar":
        return "est" if word.endswith("est") or word in ("best", "worst") else "er"
    if word.endswith("ing"):
        return "ing"
    if word.endswith("s") and not word.endswith("ss"):
        return "s"
    verb = verbs().get(word)
    if verb and verb.past != verb.participle and word in (verb.past, verb.participle):
        return "past" if word == verb.past else "participle"
    if verb is None and word.endswith(("n", "ne", "um", "unk", "ung")):
        return "participle"
    return "ed"


def inflect(wordnet: WordNet, lemma: str, pos: str, form: str) -> str | None:
    """`lemma` in that form; of several words the one that carries it. None: has no such form."""
    if not form:
        return lemma
    if pos == "n":
        first, space, last = lemma.rpartition(" ")
        return first + space + _form(wordnet, last, pos, form)
    first, space, rest = lemma.partition(" ")
    if pos in "ar":
        if space or "-" in lemma:
            return None
        irregular = _irregular(_compared(wordnet, lemma), pos, form)
        if irregular or takes_ending(first):
            return irregular or regular_form(lemma, pos, form)
        return f"{'more' if form == 'er' else 'most'} {lemma}"
    return _form(wordnet, first, pos, form) + space + rest


def _compared(wordnet: WordNet, lemma: str) -> list[str]:
    """Irregular forms that adjective and adverb share: WordNet lists "better" under one of them."""
    return [form for pos in "ar" for form in wordnet.irregular_forms(pos).get(lemma, ())]


def _form(wordnet: WordNet, lemma: str, pos: str, form: str) -> str:
    verb = verbs().get(lemma) if pos == "v" else None
    if verb and verb.base == lemma:
        return _of_verb(verb, form)
    irregular = _irregular(wordnet.irregular_forms(pos).get(lemma, ()), pos, form)
    return irregular or regular_form(lemma, pos, form)


def _of_verb(verb: Verb, form: str) -> str:
    names = {"s": "third", "past": "past", "ed": "past", "participle": "participle", "ing": "ing"}
    return getattr(verb, names[form])


def _irregular(forms, pos: str, form: str) -> str | None:
    if not forms:
        return None
    if pos == "v" and form in ("past", "participle", "ed"):
        rest = [f for f in forms if not f.endswith(("ing", "s"))]
        participles = [f for f in rest if _irregular_form(pos, f) == "participle"]
        pasts = [f for f in rest if f not in participles]
        several = participles or pasts if form == "participle" else pasts or participles
        return several[-1] if several else None
    fitting = [f for f in forms if _irregular_form(pos, f) == form]
    return fitting[0] if fitting else None
