"""Numbers in digits, in characters, and in the characters of cheques."""

import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from mashbill.transforms.augmenters.base import Rate, TokenAugmenter
from mashbill.transforms.augmenters.batch import Sites, TextBatch
from mashbill.transforms.augmenters.lookup import match_phrases, merge

DIGITS = "零一二三四五六七八九"
_VALUES = {numeral: value for value, numeral in enumerate(DIGITS)} | {"〇": 0, "两": 2}
_UNITS = {"千": 1000, "百": 100, "十": 10}
_FORMAL = str.maketrans("零〇一二两三四五六七八九十百千", "零零壹贰贰叁肆伍陆柒捌玖拾佰仟")
_MONEY = re.compile("万?(?:元|圆|块|角|毛|美元)")

# What numbers count, or number, and not where a word of its own begins: 本书, but not 本来.
_DAY = "日(?![本语常子后前元记用夜])"
_COUNTED = (
    "个(?![个性体])|天(?![天气])|年(?![轻级代货纪年])|次(?![次性])|遍|本(?![来人身])|部(?![分门])|台(?![阶湾])|件"
    "|张|页|层|楼|位|人(?![们人家])|家(?![人家里])|间|套|双|杯|瓶|盒|碗|份|种|款|集(?!中)|倍|折|星(?=级)|公斤|斤|公里"
    f"|米(?![饭0-9])|小时|分钟|月(?!月)|{_DAY}|岁|周(?!围)|块|元|毛|晚|点(?![儿点])|号"
)
# Before these 一 is the number more often than "a", or part of a word.
_ONE = "个(?![个性体劲])|台|本(?!正)|张|瓶|斤|公斤|小时|分钟|间|周(?!围)|晚|块钱|元|楼|层|月|号"
_NUMERALS = "〇零一二两三四五六七八九十百千"
_ARABIC = re.compile(
    rf"(?<![\d.,:/A-Za-z~第-])(\d{{1,8}}(?:\.\d{{1,4}})?)(?=万?(?:{_COUNTED}))", re.A
)
_WRITTEN = re.compile(
    rf"(?<![{_NUMERALS}第每同另万统唯之专单某几初周期这那上下数何怎叫])"
    rf"(?:一(?={_ONE})|(?<=月)一(?=日)|(?!一(?![{_NUMERALS}]))[{_NUMERALS}]+(?={_COUNTED}))"
)
_YEAR = re.compile(f"[{DIGITS}〇]{{4}}")
_ORDINAL = "月日号楼层年星折级"  # 二月, but 两个


def in_characters(number: str) -> str:
    """A number of at most eight digits, and decimals behind them, as it is read: 105, 一百零五."""
    whole, _, decimals = number.partition(".")
    high, low = divmod(int(whole), 10_000)
    said = _below_10_000(low)
    if high:
        gap = "零" if 0 < low < 1000 else ""
        said = f"{_below_10_000(high)}万{gap}{said if low else ''}"
    return f"{said}点{''.join(DIGITS[int(digit)] for digit in decimals)}" if decimals else said


def _below_10_000(number: int) -> str:
    if number < 20:
        return DIGITS[number] if number < 10 else "十" + DIGITS[number % 10].strip("零")
    said = ""
    for unit, size in (*_UNITS.items(), ("", 1)):
        digit, number = divmod(number, size)
        if digit:
            said += DIGITS[digit] + unit
        elif said and not said.endswith("零"):
            said += "零"
    return said.rstrip("零")


def value_of(numerals: str) -> int | None:
    """What is read 一百零五; None for what is no single number: 五六 (five or six), 千."""
    value, digit, last = 0, None, 10_000
    for numeral in numerals:
        if (unit := _UNITS.get(numeral)) is None:
            if digit:
                return None
            digit = _VALUES[numeral]
        else:
            if unit >= last or (digit is None and unit != 10):
                return None
            value += (1 if digit is None else digit) * unit
            digit, last = None, unit
    if digit and last in (100, 1000) and "零" not in numerals[-2:] and "〇" not in numerals[-2:]:
        return None  # 一千五 is 1,500
    return value + (digit or 0)


class NumberForm(TokenAugmenter):
    """A number before what it counts is written otherwise: 3, 三, 叁."""

    name: ClassVar[str] = "number.form"
    languages: ClassVar[tuple[str, ...]] = ("zh",)
    source: ClassVar[str] = "GB/T 15835-2011, General rules for writing numerals in publications"
    replaces: ClassVar[tuple[str, ...]] = ("number",)

    rate: Rate = 1.0

    form: Literal["other", "digits", "characters", "formal"] = Field(
        "other",
        description="what comes; other: characters for digits, and digits for characters; formal: "
        "the characters of cheques, for sums of money",
    )

    def sites(self, batch: TextBatch) -> Sites:
        found = []
        if self.form != "digits":
            found.append(match_phrases(batch, _ARABIC, self._of_digits))
        if self.form != "characters":
            found.append(match_phrases(batch, _WRITTEN, self._of_characters))
        return merge(found)

    def replacements(self, batch: TextBatch, sites: Sites) -> Sequence[str | None]:
        return sites.options

    def _of_digits(self, number: str, rest: str) -> str | None:
        if number[0] == "0" and not number.startswith("0."):
            return None
        if self.form == "formal":
            money = _MONEY.match(rest) and "." not in number
            return in_characters(number).translate(_FORMAL) if money else None
        if rest[0] == "年" and number.isdecimal() and len(number) in (2, 4):
            if len(number) == 2:
                return in_characters(number) if number[1] == "0" else None  # 15年 may be 2015
            return "".join(DIGITS[int(digit)] for digit in number).replace("零", "〇")
        return "两" if number == "2" and rest[0] not in _ORDINAL else in_characters(number)

    def _of_characters(self, number: str, rest: str) -> str | None:
        if rest[0] == "年" and _YEAR.fullmatch(number):
            return "".join(str(_VALUES[numeral]) for numeral in number)
        value = value_of(number)
        if value is None or self.form != "formal":
            return value and str(value)
        return in_characters(str(value)).translate(_FORMAL) if _MONEY.match(rest) else None
