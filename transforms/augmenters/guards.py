"""What a model's answer must be to stand for a text."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import regex

from mashbill.transforms.augmenters.protection import Guard
from mashbill.transforms.languages.base import Language
from mashbill.transforms.languages.identify import is_another

REASONS = {
    "cut": "the model reads only the beginning of the text",
    "format": "the server did not give the JSON that it was asked for",
    "empty": "the answer is empty",
    "same": "the answer is the text, casing and spaces aside",
    "length": "the answer is too short or too long for the text",
    "refusal": "the model talks about itself or declines",
    "preamble": 'the answer begins with an announcement, such as "Here is a paraphrase:"',
    "script": "the answer is in another script",
    "language": "the answer is in another language",
    "protected": "something protected is missing: an address, a number, a name",
    "copied": "the answer is an example of the prompt's, or a long part of what the prompt says",
    "repeats": "the answer says the same again and again",
}

SCRIPTS = ("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Thai", "Hangul", "Han")
_SCRIPT = regex.compile("|".join(rf"(?P<{name}>\p{{Script={name}}})" for name in SCRIPTS))
_WORD = regex.compile(r"\w+")
_REPEATED = regex.compile(r"(?<!\w)(\w+(?:\W+\w+){0,7}?)(?:\W+\1(?!\w)){3,}", regex.IGNORECASE)
_LOOP = regex.compile(r"(\S{1,20}?)\1{5,}")  # in scripts without spaces, or within a word
LEAST_SHARE = 0.2  # of a text's letters, for a script to be one of its own
COPIED = 8  # words in a row that are no chance
ALIEN_SHARE = 0.2  # of an answer's letters, in scripts that are none of the text's


class Guards(NamedTuple):
    """What an answer is refused for; its length is a share of the text's characters."""

    guard: Guard
    language: Language
    shortest: float
    longest: float

    def choose(
        self,
        text: str,
        answers: Sequence[str] | None,
        names: Sequence[str] = (),
        shown: Sequence[str] = (),
    ) -> tuple[str, str | None]:
        """The first good answer; without one, the first, and what is against it.

        Args:
            answers: None where the model did not read all of the text.
            names, shown: see `why`.
        """
        if not answers:
            return "", "cut" if answers is None else "format"
        reasons = []
        for answer in answers:
            reasons.append(self.why(text, answer, names, shown))
            if reasons[-1] is None:
                return answer, None
        return answers[0], reasons[0]

    def why(
        self,
        text: str,
        answer: str,
        names: Sequence[str] = (),
        shown: Sequence[str] = (),
    ) -> str | None:
        """The first of `REASONS` against an answer, None for a good one.

        Args:
            names: what must be in it, beside what is protected by its form.
            shown: other texts that the model has seen.
        """
        if not _WORD.search(answer):
            return "empty"
        if _folded(answer) == _folded(text):
            return "same"
        if _only_in(answer, text, self.language.refusals):
            return "refusal"
        if _only_in(answer, text, self.language.preambles):
            return "preamble"
        if not self.shortest * len(text) <= len(answer) <= self.longest * len(text):
            return "length"
        if _is_alien(text, answer):
            return "script"
        if is_another(text, answer):
            return "language"
        kept = (text[start:end] for start, end in self.guard.spans(text))
        if not all(one in answer for one in (*kept, *names)):
            return "protected"
        if any(_copies(answer, text, other) for other in shown):
            return "copied"
        if _only_in(answer, text, _REPEATED) or _only_in(answer, text, _LOOP):
            return "repeats"
        return None


def _only_in(answer: str, text: str, pattern: re.Pattern | regex.Pattern | None) -> bool:
    return pattern is not None and bool(pattern.search(answer)) and not pattern.search(text)


def _copies(answer: str, text: str, other: str) -> bool:
    """Whether the answer shares more with another text than chance, or than with its own."""
    words, own, others = (_WORD.findall(one.casefold()) for one in (answer, text, other))
    if words == others:
        return True
    runs = [_runs(one) for one in (words, own, others)]
    return bool(runs[0] & runs[2] - runs[1])


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + COPIED]) for i in range(len(words) - COPIED + 1)}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _scripts(text: str) -> Counter[str]:
    return Counter(match.lastgroup for match in _SCRIPT.finditer(text))


def _is_alien(text: str, answer: str) -> bool:
    before, after = _scripts(text), _scripts(answer)
    own = {name for name, letters in before.items() if letters >= LEAST_SHARE * before.total()}
    foreign = sum(letters for name, letters in after.items() if name not in own)
    return bool(own) and foreign > ALIEN_SHARE * after.total()
