"""How regular English forms are spelled."""

_VOWELS = frozenset("aeiou")
_VOWELS_OR_Y = _VOWELS | {"y"}
# Several syllables, and the last consonant is doubled all the same.
_STRESSED_AT_THE_END = (
    "abet abhor acquit admit allot annul befit begin beset commit compel concur confer control "
    "defer deter dispel embed emit entrap equip excel expel forbid forget handicap imbed incur "
    "infer kidnap occur offset omit outrun outwit overlap overrun patrol permit prefer program "
    "propel rebel rebut recur refer refit regret remit repel rerun reset sidestep submit transfer "
    "transmit unplug unwrap unzip upset worship zigzag "
)
_DOUBLING = frozenset(_STRESSED_AT_THE_END.split())


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
        stem = lemma[:-1]
        silent = lemma[-1] == "e" and stem[-1:] not in ("e", "o", "y", "")
        if silent and not _VOWELS_OR_Y.isdisjoint(stem):  # but "being"
            return stem + "ing"
    elif after_consonant:
        return lemma[:-1] + "i" + ending
    elif lemma.endswith("e"):
        return lemma + ending[1:]
    if ending in ("ed", "ing") and pos == "v" and lemma.endswith("ic"):
        return f"{lemma}k{ending}"  # panicked
    return (lemma + lemma[-1] if _doubles(lemma) else lemma) + ending


def _syllables(word: str) -> int:
    groups = sum(
        letter in "aeiouy" and (place == 0 or word[place - 1] not in "aeiouy")
        for place, letter in enumerate(word)
    )
    return groups - (word.endswith("e") and not word.endswith("le") and groups > 1)


def _doubles(lemma: str) -> bool:
    """Consonant, vowel, consonant in one syllable: stop, stopped."""
    stressed = lemma in _DOUBLING
    lemma = lemma.replace("qu", "q")  # quit, equip
    return (
        len(lemma) > 2
        and lemma[-1] not in "aeiouwxy"
        and lemma[-2] in _VOWELS
        and lemma[-3] not in _VOWELS
        and (_syllables(lemma) == 1 or stressed)
    )


def takes_ending(adjective: str) -> bool:
    """Whether it is compared by "-er" and "-est", and not by "more" and "most"."""
    return _syllables(adjective) == 1 or (_syllables(adjective) == 2 and adjective.endswith("y"))
