"""The zero-shot scores by name, for those who only ask which there are."""

SCORES: dict[str, str] = {
    "positive": "cosine of image and positive prompts",
    "pair": "CheXzero: softmax over positive and negative prompt, averaged over pairs and models",
    "global": "cosine with the best-matching positive less the best-matching negative prompts",
    "local": "the same from regions: the best-matching regions count",
    "match": "what cross-modality reads from the weighted regions, positive less negative",
    "lrclr": "weighted mix of global, local and match",
}
