from mashbill.transforms.spelling import Speller, word_counts

TEXTS = ["The movie was good, the plot wasn't.", "A good movie about Paris", "film film moves"]


def speller():
    return Speller(word_counts(TEXTS))


def test_the_dictionary_is_the_lower_cased_words():
    counts = word_counts(TEXTS)
    assert counts["the"] == counts["good"] == counts["film"] == 2
    assert "wasn't" in counts
    assert speller().words == len(counts)


def test_unknown_words_become_the_nearest_known_one():
    assert speller()(["the moive was goood", "teh plto"]) == ["the movie was good", "the plot"]


def test_of_two_words_that_are_as_near_the_more_frequent_one_is_taken():
    assert Speller(word_counts(["bolt cold cold"]))(["colt"]) == ["cold"]


def test_all_else_stays_to_the_letter():
    kept = ["  The movie,\tgood!! 3x  <b>", "Zyzzyva qwertyuiop", "我喜欢这部电影", "ab", ""]
    assert speller()(kept) == kept
    assert speller()(["Moive, GOOOD!  Plto?"]) == ["Movie, GOOD!  Plot?"]
