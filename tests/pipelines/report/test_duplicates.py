from mashbill.pipelines.report.duplicates import near_duplicates

PLOT = "the plot is thin but the actors carry it well enough to the very end of the film"


def rows(*texts, split="train"):
    return [{"text": text, "split": split} for text in texts]


def test_a_pair_that_differs_in_a_word_is_found_and_one_across_splits_comes_first():
    twin = PLOT.replace("thin", "slim")
    sources = [
        *rows(PLOT, "nothing like it", PLOT + "!"),
        *rows(twin.upper(), split="test"),
    ]
    found = near_duplicates(sources)
    assert (found.rows, found.similar, found.across) == (4, 3, 3)
    first = found.pairs[0]
    assert {first.first["split"], first.second["split"]} == {"train", "test"}
    # 17 word pairs each, of which the word that differs is in two: 15 shared of 19
    assert first.similarity == 15 / 19


def test_texts_that_share_less_are_no_duplicates():
    found = near_duplicates(rows("one", "two", "", " ".join(PLOT.split()[:8]), PLOT))
    assert (found.similar, found.pairs) == (0, [])


def test_texts_without_spaces_are_compared_by_their_letters():
    text = "酒店的服务很好，房间也很干净，下次来上海还会住这里。"
    found = near_duplicates(rows(text, text.replace("上海", "上饶"), "早餐很一般，不值这个价。"))
    assert found.similar == 2


def test_pairs_are_not_kept_where_texts_follow_a_template():
    sources = rows(*(f"{PLOT} number {number}" for number in range(60)))
    found = near_duplicates(sources)
    assert (found.similar, len(found.pairs)) == (60, 10)
