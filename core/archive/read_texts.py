"""What a model reads of an archive's films with some texts, some films at a time."""

import numpy as np
import torch
from torch import Tensor

from core.archive.archive import Archive
from core.lrclr.encodings import TextEncoding, member_cosines
from core.lrclr.model import LRCLR
from core.progress import Progress

_BLOCK = 2**26  # bytes of patches that are read from the shards at once
_AT_ONCE = 512  # studies at most
_PAIRED = 2**25  # bytes of regions that texts read at once: more than a cache holds is slower


@torch.no_grad()
def read_texts(
    archive: Archive, model: LRCLR, texts: TextEncoding, places: range,
    progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """Cosine of each of M members, local score and match logit of some films, (M + 2, P, n).

    Args:
        places: n of the archive's studies.
        progress: called with (done, total) studies.
    """
    made, members, pools = archive.description, model.backbone.members, model.backbone.text_pools
    told = torch.zeros(members + 2, len(texts), len(places))
    # The reader reads the kept patches alone; what else there is looks at places of the grid.
    kept = model.config.added_layers and model.config.fusion == "reader"
    block = max(min(_BLOCK // (4 * made.patch_count * made.width), _AT_ONCE), 1)
    regions = min(model.config.k, made.patch_count)
    some = max(_PAIRED // (4 * regions * made.width * len(texts)), 1)
    for start in range(0, len(places), block):
        rows = np.array(places[start : start + block])
        images = archive.kept(rows) if kept else archive.encoding(rows)
        for first in range(0, len(rows), some):
            part = images.rows(slice(first, first + some))
            place = slice(start + first, start + first + len(part))
            if pools:  # texts gather the tokens that they are compared with
                cosines = model.cosines(part, texts.text_features)
            else:
                cosines = member_cosines(part.image_features, texts.text_features, members)
            reading = model.read(part, texts)
            told[:members, :, place] = cosines.transpose(1, 2)
            told[members, :, place], told[members + 1, :, place] = reading.local.T, reading.match.T
        if progress:
            progress(start + len(rows), len(places))
    return told
