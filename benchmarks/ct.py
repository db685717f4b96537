"""Seconds of a processor that films of the fetched CT take: python benchmarks/ct.py

Of one core, as the processor counts them, so that a busy machine tells no other figures.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from core.ct.nodule import Ellipsoid, Nodule, random_place
from core.ct.scan import CtScan, Pose
from core.studies.ct_set import demo_ct, scan_of


def spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    print(f"opening: {spent(lambda: scan_of(demo_ct())):.2f} s")
    scan: CtScan = scan_of(demo_ct())
    place, side, zone = random_place(scan.chest, 1.0, np.random.default_rng(0))
    nodule = Nodule(place, Ellipsoid((1.0, 0.9, 0.8)), side=side, zone=zone)
    for size in (224, 512):
        scan.draw(Pose(), (), size)  # the volume is made as coarse as the pixels once
        poses = [Pose(turn_deg=turn) for turn in (1.0, 2.0, 3.0, 4.0)]
        new = [spent(partial(scan.draw, pose, (), size)) for pose in poses]
        twin = [spent(partial(scan.draw, poses[-1], (nodule,), size)) for _ in range(4)]
        print(f"{size} pixels: a new pose {np.median(new):.2f} s, its twin with a nodule "
              f"{np.median(twin):.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
