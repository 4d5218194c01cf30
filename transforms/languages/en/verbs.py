"""Common English verbs with their forms."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

from mashbill.transforms.languages.en.spelling import regular_form
from mashbill.transforms.languages.en.words import words

_IRREGULAR = """
be was been, beat beat beaten, become became become, begin began begun, bite bit bitten,
blow blew blown, break broke broken, bring brought brought, build built built, buy bought bought,
catch caught caught, choose chose chosen, come came come, cost cost cost, cut cut cut,
deal dealt dealt, do did done,
draw drew drawn, drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen,
feed fed fed, feel felt felt, fight fought fought, find found found, fly flew flown,
forget forgot forgotten, forgive forgave forgiven, get got got, give gave given, go went gone,
grow grew grown, have had had, hear heard heard, hide hid hidden, hit hit hit, hold held held,
hurt hurt hurt, keep kept kept, know knew known, lead led led, leave left left, lend lent lent,
let let let, lose lost lost, make made made, mean meant meant, meet met met, pay paid paid,
put put put, read read read, ride rode ridden, rise rose risen, run ran run, say said said,
see saw seen, sell sold sold, send sent sent, set set set, shake shook shaken, shoot shot shot,
show showed shown, sing sang sung, sit sat sat, sleep slept slept, speak spoke spoken,
spend spent spent, stand stood stood, steal stole stolen, swim swam swum, take took taken,
teach taught taught, tell told told, think thought thought, throw threw thrown,
understand understood understood, wake woke woken, wear wore worn, win won won, write wrote written
"""
_REGULAR = words(
    "accept act add admire admit agree allow amuse annoy answer appear ask attempt avoid believe "
    "belong bore call care carry cause change charm claim close compare consider contain continue "
    "convince create cry decide deliver depend deserve die disappoint discover earn end "
    "engage enjoy enter entertain exist expect explain explore express fail fill finish follow "
    "force happen hate help hope imagine impress include inspire intend involve join jump kill "
    "laugh learn lack like listen live look love manage matter miss move need notice offer open "
    "perform play please prefer prepare present produce promise prove provide raise reach realize "
    "receive recommend remain remember remind require reveal save seem share smile stare start "
    "stay stop study succeed suffer suggest suppose surprise talk tend touch travel treat try "
    "turn use visit wait walk want waste watch wish wonder work worry"
)


class Verb(NamedTuple):
    """The forms of one verb."""

    base: str
    third: str
    past: str
    participle: str
    ing: str


@functools.cache
def verbs() -> Mapping[str, Verb]:
    """Verb by each of its forms; where two share one, by the first of the tables."""
    rows = [entry.split() for entry in _IRREGULAR.replace("\n", " ").split(",")]
    rows += [[base, regular_form(base, "v", "past")] for base in _REGULAR]
    by_form: dict[str, Verb] = {}
    for base, past, *participle in rows:
        third = {"be": "is", "have": "has"}.get(base) or regular_form(base, "v", "s")
        verb = Verb(
            base, third, past, participle[0] if participle else past, regular_form(base, "v", "ing")
        )
        for form in verb:
            by_form.setdefault(form, verb)
    return by_form
