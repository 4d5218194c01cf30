"""The augmenters that only English has."""

from mashbill.transforms.languages.en import abbreviation, contraction, grammar
from mashbill.transforms.languages.en.clauses import Clauses
from mashbill.transforms.languages.en.misspelling import Misspelling
from mashbill.transforms.languages.en.synonym import WordNetSynonym

AUGMENTERS = (
    Misspelling,
    contraction.Contraction,
    contraction.Expand,
    contraction.Contract,
    abbreviation.Abbreviation,
    abbreviation.Expand,
    abbreviation.Contract,
    grammar.Agreement,
    grammar.Article,
    grammar.Preposition,
    grammar.VerbForm,
    grammar.Number,
    grammar.Homophone,
    Clauses,
    WordNetSynonym,
)
