"""What nlpaug 1.1.11 needs so that its classes run beside today's libraries, and off the network.

It knows its models by the last part of their path, or by their kind alone; it calls methods that
tokenizers no longer have; it loads word vectors through gensim, and defaults from the hub.
"""

import functools
import importlib
import inspect
import os
from typing import Any

from mashbill.models.errors import MashbillError, one_line
from mashbill.models.loading import model_folder, read_config
from mashbill.transforms.augmenters import vectors
from mashbill.transforms.augmenters.align import words_and_marks
from mashbill.transforms.augmenters.nlpaug_classes import MODELS

_NLTK_DATA = {  # nlpaug would try to download what is missing
    "SynonymAug": ("corpora/wordnet", "taggers/averaged_perceptron_tagger_eng"),
    "AntonymAug": ("corpora/wordnet", "taggers/averaged_perceptron_tagger_eng"),
    "RandomSentAug": ("tokenizers/punkt_tab",),
}
VECTORS = 50_000  # words of a file of vectors that are used


def make(folder: str, kind: str, parameters: dict[str, Any]) -> Any:
    """An object of nlpaug's class.

    Raises:
        MashbillError: something it needs is missing, or its parameters are wrong.
    """
    for resource in _NLTK_DATA.get(kind, ()):
        _require_nltk_data(kind, resource)
    for name in MODELS.get(kind, ()):
        parameters = {**parameters, name: str(model_folder(parameters[name]))}
    kept = getattr(importlib.import_module(f"nlpaug.augmenter.{folder}"), kind)
    if folder != "sentence" and "tokenizer" in inspect.signature(kept).parameters:
        # its own takes "don't" for three words
        parameters = {"tokenizer": words_and_marks, **parameters}
    try:
        method = kept(**_MENDS.get(kind, dict)(parameters))
    except MashbillError:
        raise
    except Exception as error:
        raise MashbillError(f"nlpaug.{kind} cannot be created: {one_line(error)}") from error
    if kind == "SpellingAug":  # whose lists of misspellings were sets, in each process's own order
        method.model.dict = {word: sorted(wrong) for word, wrong in method.model.dict.items()}
    if kind == "SplitAug":  # it sorts its list of words before it looks whether there is one
        indexes = method._get_aug_idxes
        method._get_aug_idxes = lambda tokens: indexes(tokens) or []
    return method


def _masked_model(parameters: dict[str, Any]) -> dict[str, Any]:
    """Its kind as its configuration says; a tokenizer as today's."""
    import nlpaug.model.lang_models as nml

    for kind in (nml.Bert, nml.Roberta, nml.DistilBert):
        kind.token2id = lambda self, token: self.tokenizer.convert_tokens_to_ids(token)
        kind.id2token = _token
    kind = read_config(parameters["model_path"])["model_type"]
    if kind not in ("bert", "distilbert", "roberta"):
        raise MashbillError(
            f"nlpaug.ContextualWordEmbsAug: a model of type {kind!r}: expected bert, "
            "distilbert or roberta; use contextual.substitute or contextual.insert "
            "for others"
        )
    kind = "roberta" if kind == "roberta" else "bert"
    return {"model_type": kind, **parameters, "force_reload": True}


def _token(model: Any, number: int) -> str:
    """Nothing for [MASK], [UNK] and the like, which are no words to put into a text."""
    tokenizer = model.tokenizer
    return "" if number in tokenizer.all_special_ids else tokenizer.convert_ids_to_tokens(number)


def _generator(parameters: dict[str, Any]) -> dict[str, Any]:
    import nlpaug.model.lang_models as nml

    nml.Gpt2.id2token = _decoded
    return {"model_type": "gpt2", **parameters, "force_reload": True}


def _decoded(model: Any, number: int) -> str:
    tokenizer = model.tokenizer
    return "" if number in tokenizer.all_special_ids else tokenizer.decode(number).strip()


def _summarizer(parameters: dict[str, Any]) -> dict[str, Any]:
    """Its model is made here, by its configuration, and put where nlpaug looks for it."""
    import nlpaug.augmenter.sentence.abst_summ as module
    import nlpaug.model.lang_models as nml

    path, device = parameters["model_path"], parameters.get("device", "cpu")
    kind = read_config(path)["model_type"]
    if kind not in ("t5", "bart"):
        raise MashbillError(f"nlpaug.AbstSummAug: a model of type {kind!r}: expected t5 or bart")
    name = "_".join([os.path.basename(path), os.path.basename(path), str(device)])
    module.ABST_SUMM_MODELS[name] = {"t5": nml.T5, "bart": nml.Bart}[kind](path, device=device)
    return {**parameters, "tokenizer_path": path, "force_reload": False}


def _translators(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without the process that nlpaug starts for each text."""
    import nlpaug.model.lang_models as nml

    nml.MtTransformers.translate_one_step_batched = _translated
    return {**parameters, "force_reload": True}


def _translated(models: Any, texts: list[str], tokenizer: Any, model: Any) -> list[str]:
    tokens = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    tokens = tokens.to(model.device)
    ids = model.generate(
        input_ids=tokens["input_ids"],
        attention_mask=tokens["attention_mask"],
        max_length=models.max_length,
    )
    return tokenizer.batch_decode(ids, skip_special_tokens=True)


def _word_vectors(parameters: dict[str, Any]) -> dict[str, Any]:
    path = parameters.pop("model_path", None)
    if path is None:
        raise MashbillError("nlpaug.WordEmbsAug: args needs model_path, a file of word vectors")
    model = _Neighbours(vectors.load(str(path), VECTORS), parameters.get("top_k", 100))
    return {"model_type": "glove", **parameters, "model": model}


class _Neighbours:
    """What nlpaug asks of a model of word vectors."""

    def __init__(self, table: vectors.Vectors, top_k: int | None):
        self._table, self._top_k = table, top_k or len(table.words)
        self.predict = functools.lru_cache(maxsize=50_000)(self._predict)

    def get_vocab(self) -> list[str]:
        return self._table.words

    def _predict(self, word: str, n: int = 1) -> list[str]:
        return list(self._table.neighbours([word], self._top_k, -1.0)[word]) or [word]


_MENDS = {
    "ContextualWordEmbsAug": _masked_model,
    "ContextualWordEmbsForSentenceAug": _generator,
    "AbstSummAug": _summarizer,
    "BackTranslationAug": _translators,
    "WordEmbsAug": _word_vectors,
}


def _require_nltk_data(kind: str, resource: str) -> None:
    import nltk

    try:
        nltk.data.find(resource)
    except LookupError:
        name = resource.rpartition("/")[2]
        raise MashbillError(
            f"nlpaug.{kind} needs nltk's {name}: python -m nltk.downloader {name}"
        ) from None
