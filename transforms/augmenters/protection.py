"""What no augmenter may touch: the spans that `protect` and `protect_words` name."""

import functools
import re
from collections.abc import Iterable, Iterator

import regex

from mashbill.models.errors import MashbillError

MENTIONS = "spans"  # of a task with named entities; they come with each text
NAMES = "names"  # as a language tells them; rewriters alone ask for them
DEFAULT = (
    *("url", "email", "mention", "hashtag", "number", "special"),
    *("entity", "dotted", "emoticon", "possessive"),
)

# Han and kana. They are written without spaces, so that a word, a number or an address of another
# script may stand right beside them; `characters.SOLO` says the same.
SOLO = (
    "々〇〡-〩〸-〻\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff6f\uff71-\uff9d\U00016fe2-\U00016fff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_W = rf"[^\W{SOLO}]"  # a letter, digit or underscore of a script that puts spaces
_WIDE_MARKS = "，。！？；：、（）《》【】「」“”‘’…"

# Each starts at a place that a look-behind tells, so that a text of any shape takes linear time.
_UNITS = (
    "kg|mg|g|km|cm|mm|m|mi|ft|lbs?|oz|ml|l|mph|kmh|hz|khz|mhz|ghz|kb|mb|gb|tb|kw|mw|"
    "eur|usd|gbp|am|pm"
)
_MEASURES = (
    "平方米|立方米|公斤|千克|毫克|公里|千米|厘米|毫米|平米|毫升|英寸|小时|分钟|秒钟|星期|美元|欧元|"
    "块钱|万元|亿元|年级|个月|号楼|[年月日号个天时点分秒元块角毛斤两克吨升米寸尺里岁次遍本部台件只条张页"
    "层楼位人名家间套双杯瓶盒碗份种款集期届度倍折星级周季代句章篇首颗把辆架座棵群门支枝枚根粒片面]"
)
_NAMED = {
    "url": rf"(?<![^\W_{SOLO}])(?:[A-Za-z][A-Za-z0-9+.-]{{0,20}}://|www\.)[^\s<>{_WIDE_MARKS}]+"
    r"(?<![.,;:!?)\]}'\"’])",
    "email": rf"(?<!{_W})(?<![.+-])(?:{_W}|[.+-])++@(?:{_W}|-)++(?:\.(?:{_W}|-)++)*+",
    "mention": rf"(?<!{_W})(?<!@)@\w++",
    # Between two signs, as Weibo writes it, or behind one.
    "hashtag": rf"(?<!{_W})(?<!#)#(?:[^\s#]{{0,40}}[{SOLO}][^\s#]{{0,40}}#|\w++)",
    "number": rf"(?<!{_W})(?<!\d[.,])第?[^\W\d{SOLO}]*+\d{_W}*+(?:[.,:/]\d{_W}*+)*+"
    rf"(?:[ ](?i:{_UNITS})(?!{_W}|['’-])"
    rf"|[ ]?[多余几]?[百千万亿]{{0,8}}(?:{_MEASURES})|[ ]?[百千万亿]+)?",
    "special": r"\[[A-Z]{2,20}(?:_\d+)?\]|<[/|]?[A-Za-z][^<>]{0,100}>|\{\w{1,50}\}",
    "entity": r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});",
    # U.S., e.g., AT&T, and bare domains with what follows them, but no number
    "dotted": rf"(?<!{_W})(?<![.&*$'’-])(?!\d++(?:\.\d++)*+(?!{_W}))"
    rf"{_W}(?:{_W}|['’-])*+(?:[.&*$]{_W}(?:{_W}|['’-])*+)++"
    rf"(?:/[^\s<>{_WIDE_MARKS}]*(?<![.,;:!?)\]}}'\"’])|(?<=\.{_W})\.)?",
    "emoticon": rf"(?<!{_W})(?<![:;=])(?:[<>]?[:;=][-~o^'’]{{0,2}}[()\[\]{{}}dDpPoO0sScC3/\\|*@]"
    rf"|[xX]D+|<[/\\]?3+|[oO]_[oO]|T_T)(?!{_W})",
    "possessive": rf"(?<!{_W})(?<!['’-]){_W}(?:{_W}|['’-])*[sS]['’](?=\s)",
}

# One of these stands in whatever the pattern matches; a text without them need not be searched.
_SIGNS = {
    "url": ("://", "www."),
    "email": ("@",),
    "mention": ("@",),
    "hashtag": ("#",),
    "special": ("[", "<", "{"),
    "entity": ("&",),
    "dotted": (".", "&", "*", "$"),
    "emoticon": (":", ";", "=", "<", "xD", "XD", "_"),
    "possessive": ("s'", "s’", "S'", "S’"),
}
_BEHIND = 24  # code points behind the digits of a number that may belong to it


PROBE_SECONDS = 1.0  # for a few hundred letters, which take a sound expression microseconds
SEARCH_SECONDS = 10.0  # for one text


class Search:
    """A regular expression of the recipe's, which is given so many seconds for each text.

    Raises:
        ValueError: it is none, or takes exponential time on one of a few short texts.
    """

    def __init__(self, expression: str):
        try:
            self._pattern = regex.compile(expression)
        except regex.error as error:
            raise ValueError(
                f"{expression!r} is neither one of {', '.join(DEFAULT)} nor a regular expression: "
                f"{error}"
            ) from None
        for probe in _probes(expression):
            try:
                for _ in self._pattern.finditer(probe, timeout=PROBE_SECONDS):
                    pass
            except TimeoutError:
                raise ValueError(
                    f"{expression!r} takes exponential time, more than {PROBE_SECONDS:g} s "
                    f"for {len(probe)} letters such as {probe[:8]!r}: avoid a repetition "
                    "inside a repetition, or make it possessive (a++)"
                ) from None

    def finditer(self, text: str) -> Iterator[regex.Match]:
        """Raises MashbillError if the text takes too long."""
        try:
            yield from self._pattern.finditer(text, timeout=SEARCH_SECONDS)
        except TimeoutError:
            raise MashbillError(
                f"protect: {self._pattern.pattern!r} takes more than {SEARCH_SECONDS:g} s for a "
                f"text of {len(text):,} characters that begins {text[:40]!r}"
            ) from None


def _probes(expression: str) -> Iterator[str]:
    """Runs of letters that end otherwise: what makes repetitions inside others backtrack."""
    for unit in dict.fromkeys(["a", "1", " ", "a ", "aA", *expression[:100]]):
        # With all letters of the expression: one that is missing would end the search at once.
        yield unit * 200 + "\0" + expression


class Guard:
    """Finds protected spans.

    Args:
        protect: names of `DEFAULT`, `MENTIONS`, of which it finds none, or regular expressions.
        words: words, in any casing.

    Attributes:
        keeps_numbers: whether numbers are protected.
        named: of the other names of `DEFAULT` those that are.
        own: whether there are expressions or words, for which every text must be searched.

    Raises:
        ValueError: an entry of `protect` is no regular expression, or one without end, or one
            that only rewriters know.
    """

    def __init__(self, protect: tuple[str, ...], words: tuple[str, ...]):
        if NAMES in protect:
            raise ValueError(f"{NAMES!r} is for rewriters (rewrite.*, write.text) alone")
        patterns = {name: re.compile(_NAMED[name]) for name in protect if name in _NAMED}
        self._number = patterns.pop("number", None)
        self._named = patterns
        self._own: list[re.Pattern | Search] = [
            Search(entry) for entry in protect if entry not in _NAMED and entry != MENTIONS
        ]
        if words:
            self._own.append(re.compile("|".join(map(_whole, _longest_first(words))), re.I))
        self.keeps_numbers = self._number is not None
        self.named, self.own = frozenset(patterns), bool(self._own)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans of each pattern; they may overlap."""
        yield from self.numbers(text, [(0, len(text))])
        for name, pattern in self._named.items():
            if any(sign in text for sign in _SIGNS[name]):
                yield from (match.span() for match in pattern.finditer(text))
        yield from self.own_spans(text)

    def own_spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Those of expressions and words."""
        for pattern in self._own:
            yield from (match.span() for match in pattern.finditer(text))

    def named_spans(
        self, name: str, text: str, stretches: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        """Those of one of the names in stretches that have all that decides, but for what follows
        right behind them."""
        find = self._named[name].finditer
        for start, end in stretches:
            yield from (match.span() for match in find(text, start, end + 1))

    def numbers(self, text: str, stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The spans of numbers that begin in one of the stretches, if numbers are protected."""
        search = self._number.search if self._number else None
        for start, end in stretches if search else ():
            while start < end:
                match = search(text, start, end + _BEHIND)
                if match is None or match.start() >= end:
                    break
                yield match.span()
                start = match.end()


def _longest_first(words: tuple[str, ...]) -> list[str]:
    return sorted(filter(None, words), key=len, reverse=True)


def _whole(word: str) -> str:
    """A pattern of the word; what stands beside it is no part of it."""
    solo = re.compile(f"[{SOLO}]")
    before = "" if solo.match(word[0]) else f"(?<!{_W})"
    after = "" if solo.match(word[-1]) else f"(?!{_W})"
    return f"{before}{re.escape(word)}{after}"


@functools.lru_cache(maxsize=256)
def guard(protect: tuple[str, ...], words: tuple[str, ...]) -> Guard:
    return Guard(protect, words)
