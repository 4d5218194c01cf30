"""What a careful engineer writes by hand for one fixed list of texts: batches sorted by length."""

from collections.abc import Iterator, Sequence

import torch

PLAIN_TOKENS = {"cpu": (1024, 2048, 4096), "cuda": (16_384, 65_536, 131_072)}


def sorted_batches(
    ids: Sequence[Sequence[int]], tokens: int, device: str
) -> Iterator[tuple[list[int], dict[str, torch.Tensor]]]:
    """Rows, longest first, and what a model is called with: so many tokens, padding included."""
    order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
    start = 0
    while start < len(order):
        rows = order[start : start + max(1, tokens // len(ids[order[start]]))]
        width = len(ids[rows[0]])
        batch = torch.zeros(len(rows), width, dtype=torch.long)
        mask = torch.zeros(len(rows), width, dtype=torch.long)
        for i, row in enumerate(rows):
            batch[i, : len(ids[row])] = torch.tensor(ids[row])
            mask[i, : len(ids[row])] = 1
        yield rows, {"input_ids": batch.to(device), "attention_mask": mask.to(device)}
        start += len(rows)
