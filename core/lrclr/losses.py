"""The losses of LRCLR as pure functions (docs/method.md, section 4).

Notable: texts are sentences, and every sentence of a report is a positive of its image, so all
losses take a (B, P) matrix of positives instead of a diagonal. Local similarity is a cosine.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Pairwise sigmoid loss over images and texts (Zhai et al., ICCV 2023), many positives.

    Args:
        logits: (B, P), scaled and shifted similarity.
        truth: (B, P), 1 where the text is true of the image, 0 where it is not, NaN where that is
            unknown; unknown pairs do not count.

    Returns:
        (), binary cross-entropy summed over texts, mean over images.

    >>> round(sigmoid_loss(torch.zeros(2, 3), torch.eye(2, 3)).item(), 4)
    2.0794
    """
    return _cross_entropy(logits, truth).sum(dim=1).mean()


def balanced_loss(logits: Tensor, truth: Tensor, most: float = 8.0) -> Tensor:
    """Pairwise sigmoid loss in which the images that a text is true and false of weigh the same.

    So a rare finding teaches as much as a common one, and a logit of zero means "as likely as not
    where both are as common", which makes positive and negative prompts comparable.

    Args:
        logits, truth: as in `sigmoid_loss`.
        most: bound of the weight that makes up for rarity in a batch.

    Returns:
        (), mean over the known pairs.

    >>> truth = torch.tensor([[1.0], [0.0], [0.0], [torch.nan]])
    >>> round(balanced_loss(torch.tensor([[9.0], [0.0], [0.0], [5.0]]), truth).item(), 4)
    0.3466
    """
    true, false = (truth == 1).float(), (truth == 0).float()
    count = true.sum(dim=0) + false.sum(dim=0)  # (P,)
    of_true = (count / 2 / true.sum(dim=0).clamp(min=1)).clamp(max=most)
    of_false = (count / 2 / false.sum(dim=0).clamp(min=1)).clamp(max=most)
    weight = true * of_true + false * of_false
    return (_cross_entropy(logits, truth) * weight).sum() / count.sum().clamp(min=1)


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy (B, P), zero where the truth is NaN."""
    losses = F.binary_cross_entropy_with_logits(
        logits, truth.nan_to_num(0.0).to(logits.dtype), reduction="none"
    )
    return losses.masked_fill(truth.isnan(), 0.0)


def contrastive_loss(logits: Tensor, positive: Tensor) -> Tensor:
    """Symmetric InfoNCE with many positives: the target mass is shared among them.

    Rows or columns without a positive do not count.

    Args:
        logits: (B, P), scaled similarity.
        positive: (B, P) bool.

    Returns:
        (), mean of the image-to-text and text-to-image cross-entropies.

    >>> round(contrastive_loss(torch.eye(2), torch.eye(2).bool()).item(), 4)
    0.3133
    """
    return (_rows(logits, positive) + _rows(logits.T, positive.T)) / 2


def _rows(logits: Tensor, positive: Tensor) -> Tensor:
    target = positive.to(logits.dtype)
    count = target.sum(dim=1)
    losses = -(target * logits.log_softmax(dim=1)).sum(dim=1) / count.clamp(min=1)
    return losses.sum() / (count > 0).sum().clamp(min=1)


def lse_pool(similarity: Tensor, gamma: float, dim: int = -1) -> Tensor:
    """Smooth maximum over regions or prompts, log-mean-exp (multiple-instance pooling).

    Args:
        similarity: (..., N), say the cosine of each region with one text.
        gamma: sharpness; 0 tends to the mean, infinity to the maximum.
        dim: where N is.

    Returns:
        (...), between the mean and the maximum.

    >>> round(lse_pool(torch.tensor([0.0, 1.0]), 1000.0).item(), 3)
    0.999
    """
    count = similarity.shape[dim]
    return (torch.logsumexp(gamma * similarity, dim=dim) - math.log(count)) / gamma


def gloria_pool(regions: Tensor, words: Tensor, mask: Tensor, gamma: float) -> Tensor:
    """Attention-weighted local similarity of images and texts (Huang et al., ICCV 2021).

    For a word t: alpha_t = softmax_n(gamma * cos(r_n, w_t)), c_t = sum_n alpha_tn r_n; the score is
    the log-mean-exp over words of cos(c_t, w_t).

    Args:
        regions: (B, N, d), L2-normalised.
        words: (P, T, d), L2-normalised.
        mask: (P, T) bool, True at words.
        gamma: sharpness over regions; over words a third of it.

    Returns:
        (B, P) in [-1, 1].
    """
    scores = []
    for word, present in zip(words, mask, strict=True):  # one text at a time bounds the memory
        seen = word[present]  # (t, d)
        similarity = regions @ seen.T  # (B, N, t)
        alpha = (gamma * similarity).softmax(dim=1)
        context = F.normalize(alpha.transpose(1, 2) @ regions, dim=-1)  # (B, t, d)
        cosine = (context * seen).sum(dim=-1)  # (B, t)
        scores.append(lse_pool(cosine, gamma / 3))
    return torch.stack(scores, dim=1)


def text_pool(tokens: Tensor, texts: Tensor, scale: float) -> Tensor:
    """Cosine of each text with what it gathers of an image's tokens (RadZero's VL-CABS).

    Park et al., NeurIPS 2025: a softmax of the text's own cosines, not of an attention apart.

    Args:
        tokens: (B, n, d), L2-normalised; texts: (P, d), L2-normalised.
        scale: of the cosines in the softmax, RadZero's one over its temperature.

    Returns:
        (B, P), in [-1, 1].

    >>> one = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    >>> round(text_pool(one, torch.tensor([[1.0, 0.0]]), 0.0).item(), 4)
    0.7071
    """
    cosine = torch.einsum("bnd,pd->bpn", tokens, texts)
    weights = (scale * cosine).softmax(dim=-1)
    return (weights * cosine).sum(dim=-1) / (weights @ tokens).norm(dim=-1)


def filip_pool(regions: Tensor, words: Tensor, mask: Tensor) -> Tensor:
    """Mean over words of the best region's cosine (Yao et al., ICLR 2022).

    Args and returns as `gloria_pool`.
    """
    best = torch.einsum("bnd,ptd->bptn", regions, words).amax(dim=-1)  # (B, P, T)
    weight = mask.to(best.dtype)
    return (best * weight).sum(dim=-1) / weight.sum(dim=-1)
