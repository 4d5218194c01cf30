"""Distances between the inner states of two models over the same tokens."""

import math

from torch import Tensor
from torch.nn.functional import kl_div

FORBIDDEN = -1e9  # in place of minus infinity, of which a difference is not a number


def hidden_distance(teacher: Tensor, student: Tensor, mask: Tensor) -> Tensor:
    """Mean squared difference of the vectors of a row's tokens, [rows].

    Args:
        teacher, student: [rows, width, dim], of one dim.
        mask: 1 for a token, 0 for padding, [rows, width].
    """
    of_tokens = (teacher - student).square().mean(dim=-1) * mask
    return of_tokens.sum(dim=1) / mask.sum(dim=1)


def relation(left: Tensor, right: Tensor, heads: int, mask: Tensor) -> Tensor:
    """How much each token attends to each other: log-probabilities [rows, heads, width, width].

    Queries and keys give the model's own attention where `heads` is its number of heads; values
    with themselves give MiniLM's value relation.

    Args:
        left, right: [rows, width, dim]; dim is cut into `heads` equal parts.
        mask: [rows, width]; padding is not attended to.
    """
    left, right = (_split(vectors, heads) for vectors in (left, right))
    scores = left @ right.transpose(-1, -2) / math.sqrt(left.shape[-1])
    return scores.masked_fill(~mask.bool()[:, None, None], FORBIDDEN).log_softmax(dim=-1)


def relation_distance(teacher: Tensor, student: Tensor, mask: Tensor) -> Tensor:
    """KL(teacher || student) of two relations, the mean over heads and a row's tokens, [rows]."""
    of_tokens = kl_div(student, teacher, reduction="none", log_target=True).sum(dim=-1).mean(dim=1)
    return (of_tokens * mask).sum(dim=1) / mask.sum(dim=1)


def _split(vectors: Tensor, heads: int) -> Tensor:
    """[rows, width, dim] to [rows, heads, width, dim / heads]."""
    rows, width, dim = vectors.shape
    return vectors.view(rows, width, heads, dim // heads).transpose(1, 2)


def even_layers(student_depth: int, teacher_depth: int) -> dict[int, int]:
    """Student state to teacher state, 0 the embeddings and the last the last, evenly between."""
    return {
        i: math.floor(i * teacher_depth / student_depth + 0.5) for i in range(student_depth + 1)
    }
