"""How regular English forms are spelled."""

_VOWELS = frozenset("aeiou")
_STRESSED_AT_THE_END = (
    *("admit", "begin", "commit", "control", "forget"),
    *("occur", "permit", "prefer", "refer", "regret"),
)


def regular_form(lemma: str, pos: str, form: str) -> str:
    """A form of `Analysis` by the rules of spelling."""
    after_consonant = len(lemma) > 1 and lemma[-1] == "y" and lemma[-2] not in _VOWELS
    if form == "s":
        if after_consonant:
            return lemma[:-1] + "ies"
        es = lemma.endswith(("s", "x", "z", "ch", "sh")) or (pos == "v" and lemma[-1] == "o")
        return lemma + ("es" if es else "s")
    ending = {"past": "ed", "participle": "ed"}.get(form, form)
    if ending == "ing":
        if lemma.endswith("ie"):
            return lemma[:-2] + "ying"
        if lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye")):
            return lemma[:-1] + "ing"
    elif after_consonant:
        return lemma[:-1] + "i" + ending
    elif lemma.endswith("e"):
        return lemma + ending[1:]
    return (lemma + lemma[-1] if _doubles(lemma) else lemma) + ending


def _syllables(word: str) -> int:
    groups = sum(
        letter in "aeiouy" and (place == 0 or word[place - 1] not in "aeiouy")
        for place, letter in enumerate(word)
    )
    return groups - (word.endswith("e") and not word.endswith("le") and groups > 1)


def _doubles(lemma: str) -> bool:
    """Consonant, vowel, consonant in one syllable: stop, stopped."""
    return (
        len(lemma) > 2
        and lemma[-1] not in "aeiouwxy"
        and lemma[-2] in _VOWELS
        and lemma[-3] not in _VOWELS
        and (_syllables(lemma) == 1 or lemma in _STRESSED_AT_THE_END)
    )


def takes_ending(adjective: str) -> bool:
    """Whether it is compared by "-er" and "-est", and not by "more" and "most"."""
    return _syllables(adjective) == 1 or (_syllables(adjective) == 2 and adjective.endswith("y"))
