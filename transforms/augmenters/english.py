"""English words that grammar needs: closed classes, and common verbs with their forms."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

from mashbill.transforms.augmenters.lookup import words
from mashbill.transforms.augmenters.spelling import regular_form

DETERMINERS = words(
    "a an the this that these those my your his her its our their some any no every each either "
    "neither much many more most few little several all both another such what which whose"
)
PRONOUNS = words(
    "i you he she it we they me him us them myself yourself himself herself itself ourselves "
    "themselves mine yours hers ours theirs who whom this that these those there one"
)

# Words of the closed classes; WordNet knows many of them as something else (he: helium).
FUNCTION_WORDS = frozenset(
    words(
        "a about above across after again against all along already also although always am amid "
        "among an and another any anybody anyone anything are aren't around as at away back be "
        "because been before being below besides between beyond both but by can can't could "
        "despite did do does doing don't down during each earlier either else enough even ever "
        "every everybody everyone everything except few for former from further get gets getting "
        "got had has have having he her here hers herself him himself his how however i if in "
        "inside instead into is it its itself just later latter least less let like lot many may "
        "maybe me might mine more most much must my myself near neither never no nobody none nor "
        "not nothing now of off on once one ones only onto or other others otherwise ought our "
        "ours ourselves out outside over own past per please quite rather same shall she should "
        "since so some somebody someone something still such than thanks that the their theirs "
        "them themselves then there these they this those though through throughout thus till to "
        "together too toward towards under underneath unless unlike until up upon us versus very "
        "via was we well were what whatever when whenever where whereas wherever whether which "
        "while who whoever whole whom whose why will with within without worth would yet you your "
        "yours yourself yourselves "
        "two three four five six seven eight nine ten eleven twelve hundred thousand million first"
    )
)

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
    found: dict[str, Verb] = {}
    for base, past, *participle in rows:
        third = {"be": "is", "have": "has"}.get(base) or regular_form(base, "v", "s")
        verb = Verb(
            base, third, past, participle[0] if participle else past, regular_form(base, "v", "ing")
        )
        for form in verb:
            found.setdefault(form, verb)
    return found
