"""English words of the closed classes."""


def words(listed: str) -> list[str]:
    """A table of words, written as a sentence."""
    return listed.split()


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
