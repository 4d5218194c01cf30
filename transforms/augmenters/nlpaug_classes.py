"""nlpaug's classes by name, and what is special about some of them."""

CLASSES = {
    "char": ("KeyboardAug", "OcrAug", "RandomCharAug"),
    "word": (
        "SpellingAug",
        "RandomWordAug",
        "ReservedAug",
        "SplitAug",
        "SynonymAug",
        "AntonymAug",
        "TfIdfAug",
        "WordEmbsAug",
        "ContextualWordEmbsAug",
        "BackTranslationAug",
    ),
    "sentence": (
        "RandomSentAug",
        "AbstSummAug",
        "LambadaAug",
        "ContextualWordEmbsForSentenceAug",
    ),
}
MODELS = {  # the parameters that name them; nlpaug would load a default from the network
    "ContextualWordEmbsAug": ("model_path",),
    "BackTranslationAug": ("from_model_name", "to_model_name"),
    "AbstSummAug": ("model_path",),
    "ContextualWordEmbsForSentenceAug": ("model_path",),
}
ENGLISH = {  # whose tables and taggers are, and the parameters that give them another's
    "SpellingAug": ("dict_path",),
    "SynonymAug": ("lang", "model_path"),
    "AntonymAug": ("lang",),
    "RandomSentAug": (),
}
WITHOUT_RATE = ("BackTranslationAug", "AbstSummAug", "ContextualWordEmbsForSentenceAug")
BROKEN = {
    "LambadaAug": "it generates texts for a label, not variants of a text, and needs "
    "simpletransformers, which does not work with transformers 5"
}
_AUDIO = (
    *("CropAug", "LoudnessAug", "MaskAug", "NoiseAug", "NormalizeAug", "PitchAug"),
    *("PolarityInverseAug", "ShiftAug", "SpeedAug", "VtlpAug"),
)
_SPECTROGRAMS = ("FrequencyMaskingAug", "TimeMaskingAug")
ELSEWHERE = {  # nlpaug's classes that are no augmenters of texts
    **dict.fromkeys(_AUDIO, "changes audio, not text"),
    **dict.fromkeys(_SPECTROGRAMS, "changes spectrograms, not text"),
    "Sequential": "is called chain here",
    "Sometimes": "is called sometimes here",
}
