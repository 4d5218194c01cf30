"""Small models of random weights, of every kind that the fast paths take."""

import torch
import transformers

CLASSES = {
    "bert": "Bert",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
    "camembert": "Camembert",
    "electra": "Electra",
}
SHAPE = {
    "vocab_size": 60,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,
}


def seeded(model_class, config, seed=0):
    """A model whose random weights are always the same; nothing else is drawn from its seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return model_class(config)


def random_model(kind, head, dtype=torch.float32, **changes):
    config = getattr(transformers, f"{CLASSES[kind]}Config")(**SHAPE | changes)
    model_class = getattr(transformers, f"{CLASSES[kind]}{head}")
    return seeded(model_class, config).eval().to(dtype).requires_grad_(False)
