"""Whether a model's scores tell where a film comes from, among films without a finding.

    python benchmarks/source_shortcut.py --data MANIFEST [--model demo] [--by source]

Scores should not tell the sources of normal films apart: AUC 0.5. Per value of the column and
finding, the AUC of the score for that value against the other normal films, 95 % intervals over
patients; and as a control what sharpness alone would tell (mean absolute Laplacian of the model's
input).
"""

import argparse

import numpy as np
import torch
from numpy.typing import NDArray

from core.inference.predictor import load_predictor
from core.inference.prompts import default_prompts
from core.metrics.auc import bootstrap_auc
from core.specs import open_studies
from core.training.inputs import prepared


def sharpness(inputs: torch.Tensor) -> NDArray[np.float64]:
    """Mean absolute Laplacian of the first channel, (B,)."""
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    return torch.nn.functional.conv2d(inputs[:, :1], kernel).abs().mean((1, 2, 3)).double().numpy()


def main() -> None:
    """Print the table, the score that tells most first."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="demo")
    parser.add_argument("--data", required=True, help="manifest with labels and the column")
    parser.add_argument("--by", default="source")
    arguments = parser.parse_args()
    studies, predictor = open_studies(arguments.data), load_predictor(arguments.model)
    prompts = default_prompts()
    scores = predictor.score_set(studies, prompts)["lrclr"]
    inputs = prepared(studies, predictor.model.backbone, as_pixels=True)
    told = {name: scores[:, column] for column, name in enumerate(prompts)}
    told["(sharpness)"] = np.concatenate([sharpness(part.float()) for part in inputs.split(64)])
    normal = studies.labels["No Finding"].to_numpy() == 1
    values = studies.table[arguments.by].to_numpy()[normal]
    lines = []
    for value in sorted(set(values)):
        truth = (values == value).astype(float)
        if 0 < truth.sum() < len(truth):
            patients = studies.patients[normal]
            lines += [
                (name, value, int(truth.sum()),
                 bootstrap_auc(truth, score[normal], groups=patients))
                for name, score in told.items()
            ]  # fmt: skip
    print(f"{arguments.model} on {int(normal.sum())} normal films of {arguments.data}")
    for name, value, n, auc in sorted(lines, key=lambda line: -abs(line[3].value - 0.5)):
        print(f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}]  {value} (n = {n}) by {name}")


if __name__ == "__main__":
    main()
