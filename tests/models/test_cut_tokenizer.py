"""A cut tokenizer reads a text that needs no other piece as the whole one does."""

import random

import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from mashbill.models import cut_tokenizer as module
from mashbill.models.cut_tokenizer import cut_tokenizer, used_pieces
from mashbill.models.errors import ModelError
from tests.models.mixed_tokenizers import KINDS, LINES

NEEDED, OTHERS = LINES[:2], LINES[2:]
ODD = ("", " ", "罕見的字 🦄 \u200d", "zzz" * 50, "🦄")


@pytest.fixture(scope="module", params=KINDS)
def whole(request):
    return KINDS[request.param]()


@pytest.fixture(scope="module")
def cut(whole):
    return cut_tokenizer(whole, used_pieces(whole, [NEEDED]))


def old_numbers(cut, text, *pair):
    return cut.kept[cut.tokenizer(text, *pair).input_ids].tolist()


def test_texts_that_need_no_other_piece_are_read_as_before(whole, cut):
    assert len(cut.tokenizer) < len(whole)
    for text in NEEDED:
        assert old_numbers(cut, text) == whole(text).input_ids
    assert old_numbers(cut, *NEEDED) == whole(*NEEDED).input_ids


def test_any_text_of_kept_pieces_is(whole, cut):
    """Whatever words of the needed lines are put together."""
    rng = random.Random(0)
    kept, same = set(cut.kept.tolist()), 0
    for _ in range(300):
        text = "".join(rng.choices("".join(NEEDED) + " ", k=rng.randint(1, 12)))
        ids = whole(text).input_ids
        if kept.issuperset(ids) and whole.unk_token_id not in ids:
            same += 1
            assert old_numbers(cut, text) == ids, text
    assert same > 20 or whole.backend_tokenizer.model.__class__.__name__ == "WordLevel"


def test_other_texts_fall_back_on_smaller_pieces_or_the_unknown_one(whole, cut):
    for text in (*OTHERS, *ODD):
        ids = cut.tokenizer(text, add_special_tokens=False).input_ids
        before = whole(text, add_special_tokens=False).input_ids
        if whole.backend_tokenizer.model.__class__.__name__ != "WordLevel":
            assert ids.count(cut.tokenizer.unk_token_id) <= before.count(whole.unk_token_id)
            assert len(ids) >= len(before)


def test_special_tokens_keep_their_names(whole, cut):
    assert cut.tokenizer.special_tokens_map == whole.special_tokens_map
    assert cut.tokenizer.model_max_length == whole.model_max_length
    for token, number in zip(whole.all_special_tokens, whole.all_special_ids, strict=True):
        assert cut.kept[cut.tokenizer.convert_tokens_to_ids(token)] == number
    masked = f"{NEEDED[0][:4]}{whole.mask_token}{NEEDED[0][5:]}"
    assert old_numbers(cut, masked).count(whole.mask_token_id) == 1


def test_it_loads_again(whole, cut, tmp_path):
    cut.tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again.get_vocab() == cut.tokenizer.get_vocab()
    for text in (*LINES, *ODD):
        assert again(text).input_ids == cut.tokenizer(text).input_ids
        offsets = again(text, return_offsets_mapping=True)["offset_mapping"]
        assert all(0 <= start <= end <= len(text) for start, end in offsets)


def test_of_all_pieces_nothing_is_cut(whole):
    same = cut_tokenizer(whole, range(len(whole)))
    assert same.tokenizer.get_vocab() == whole.get_vocab()


def test_pieces_below_a_number_stay(whole):
    assert cut_tokenizer(whole, [], first=12).kept[:12].tolist() == list(range(12))


def test_bytes_stay_to_fall_back_on():
    pieces = [("<unk>", 0.0), *((f"<0x{byte:02X}>", -9.0) for byte in range(256)), ("▁好", -1.0)]
    rules = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    rules.pre_tokenizer = pre_tokenizers.Metaspace()
    whole = PreTrainedTokenizerFast(tokenizer_object=rules, unk_token="<unk>")
    cut = cut_tokenizer(whole, [])
    assert len(cut.tokenizer) == 257
    tokens = cut.tokenizer("🦄").tokens()
    assert tokens[-4:] == [f"<0x{byte:02X}>" for byte in "🦄".encode()]


@pytest.mark.parametrize(
    "processor", [processors.BertProcessing, processors.RobertaProcessing], ids=["bert", "roberta"]
)
def test_tokens_around_a_text_get_their_new_numbers(processor):
    whole = KINDS["BPE"]()
    (begin, end) = (("<s>", 0), ("</s>", 2))
    around = processor(end, begin)
    whole.backend_tokenizer.post_processor = processors.Sequence([around])
    cut = cut_tokenizer(whole, used_pieces(whole, [NEEDED]))
    assert old_numbers(cut, *NEEDED) == whole(*NEEDED).input_ids


def test_added_tokens_stay_as_they_were_added():
    whole = KINDS["WordPiece"]()
    whole.add_tokens([AddedToken("鹵味", lstrip=True), AddedToken("<user>", special=True)])
    cut = cut_tokenizer(whole, used_pieces(whole, [NEEDED]))
    text = f"{NEEDED[0]} 鹵味 <user>"
    assert old_numbers(cut, text) == whole(text).input_ids
    added = cut.tokenizer.added_tokens_decoder.values()
    assert {"鹵味": True, "<user>": False}.items() <= {t.content: t.lstrip for t in added}.items()


def test_a_kind_that_cannot_be_cut_is_named(monkeypatch):
    monkeypatch.setattr(module, "CUTS", {"WordPiece": None})
    said = "distill.student.vocabulary: a tokenizer of the kind BPE cannot be cut; WordPiece can"
    with pytest.raises(ModelError, match=said):
        cut_tokenizer(KINDS["BPE"](), [])
