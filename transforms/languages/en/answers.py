"""How language models begin an answer, or decline one, in English."""

import re

_ANNOUNCED = (
    "paraphrase|paraphrased|rewrite|rewritten|rephrased|translation|translated|text|version|sentence|"
    "review|answer|output|result|alternative|example"
)
PREAMBLES = re.compile(
    rf"^\W*(?:(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\n]{{0,80}}[:!.]\s"
    rf"|here(?:'s|\u2019s| is| are)\b[^\n]{{0,80}}:"
    rf"|(?:the |a |my |your |one )?(?:{_ANNOUNCED})(?: (?:{_ANNOUNCED}|\d+))?\s*:)",
    re.IGNORECASE,
)
_DOES = "help|assist|comply|fulfil|provide|rewrite|paraphrase|translate|generate|write"
REFUSALS = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:'m|\u2019m| am) (?:sorry|afraid),? (?:but )?(?:i|that)\b"
    r"|\bi (?:can(?:'|\u2019)?t|can ?not|won(?:'|\u2019)t|am unable to|am not able to) "
    rf"(?:{_DOES})\b",
    re.IGNORECASE,
)
