"""From path lengths to the picture: Beer-Lambert, scatter, noise, blur, log and display curve."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from core.phantom.anatomy import SIDES, Thorax, body_chord, lung_chord
from core.phantom.case import Case
from core.phantom.primitives import Field, Raster

# Effective attenuation per cm at about 100 kVp behind the body (NIST XCOM tables, rounded).
MU_SOFT, MU_LUNG, MU_BONE, MU_METAL = 0.185, 0.048, 0.46, 3.5
_SCATTER_CM, _SCATTER_SHARE = 3.5, 0.22
_BLUR_CM = 0.055
_PHOTONS = 2.0e6  # per square centimetre of unattenuated beam, in units of the body's transmission


def attenuation(thorax: Thorax) -> Field:
    """Line integral of attenuation (S, S)."""
    lung = thorax.lung["left"] + thorax.lung["right"]
    vessels = thorax.vessels["left"] + thorax.vessels["right"]
    tissue = np.maximum(thorax.body - lung - thorax.air, 0)
    return (
        MU_SOFT * (tissue + thorax.soft)
        + MU_LUNG * lung
        + (MU_SOFT - MU_LUNG) * vessels
        + (MU_BONE - MU_SOFT) * thorax.bone
        + MU_METAL * thorax.metal
    ).astype(np.float32)


def expose(
    line: Field, raster: Raster, case: Case, rng: np.random.Generator,
    window: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:  # fmt: skip
    """Radiograph (S, S) uint8 of line integrals (S, S): dense is bright.

    Args:
        window: log exposures between which it is shown; by default those of the case's own build.

    Noise falls with the pixel's area and blur is in centimetres, so that a large picture made
    small looks like a small one.
    """
    signal = mean_signal(line, raster)
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    signal = signal + noise * noise_sd(signal, raster, case)
    logged = -np.log(np.maximum(signal, 1e-4))
    return _display(logged, window or _window(case, raster.field_cm), case.exposure)


def mean_signal(line: Field, raster: Raster) -> Field:
    """What reaches the detector of a beam of 1 without noise (S, S): primary, scatter, blur."""
    primary = np.exp(-line)
    signal = primary + _scatter(primary, raster)
    blurred: Field = gaussian_filter(signal, _BLUR_CM / raster.pixel, truncate=3)
    return blurred


def noise_sd(signal: Field, raster: Raster, case: Case) -> Field:
    """Standard deviation (S, S) of the noise at each pixel, which knows nothing of its neighbours.

    That of counted photons; it is added behind the blur.
    """
    photons = _PHOTONS * raster.pixel**2 * 2.0 ** (1.2 * case.exposure)
    return np.sqrt(signal / photons) * np.float32(case.noise)


def _scatter(primary: Field, raster: Raster) -> Field:
    step = max(raster.size // 28, 1)
    usable = raster.size // step * step
    coarse = primary[:usable, :usable].reshape(usable // step, step, -1, step).mean(axis=(1, 3))
    coarse = gaussian_filter(coarse, _SCATTER_CM / (raster.pixel * step), mode="nearest")
    wide = zoom(coarse, raster.size / coarse.shape[0], order=1, mode="nearest", grid_mode=True)
    return (_SCATTER_SHARE * wide).astype(np.float32)


def _window(case: Case, field_cm: float) -> tuple[float, float]:
    """Log exposure behind the clear lungs and behind the abdomen of a patient of this build.

    Without findings, and without the heart: a window by the picture's own range would tell a model
    of an effusion or a large heart in every corner of the picture.
    """
    coarse = Raster(56, field_cm)
    inner = slice(9, 49)
    body = body_chord(case, coarse)
    lung = sum((lung_chord(coarse, case, side) for side in SIDES), coarse.zeros())
    clear = MU_SOFT * np.maximum(body - lung, 0) + MU_LUNG * lung
    # 0.06: what scatter adds to the darkest lung.
    low = float(np.percentile(clear[inner, inner], 5)) - 0.06
    return low, float(MU_SOFT * body[41:49, inner].mean())


def _display(
    logged: Field, window: tuple[float, float], exposure: float
) -> NDArray[np.uint8]:
    """The window, then a gentle S-curve; exposure shifts it a little."""
    low, high = window
    value = (logged - low) / max(high - low, 0.3) - 0.05 * exposure
    # Below 0: air beside the body, black; the shoulder of the curve keeps metal from clipping all.
    curved = 0.13 + 0.74 * value + 0.07 * np.sin(2 * np.pi * (np.clip(value, 0, 1) - 0.5)) / np.pi
    curved = np.where(curved > 0.82, 0.82 + 0.18 * np.tanh((curved - 0.82) / 0.18), curved)
    return np.clip(np.rint(curved * 255), 0, 255).astype(np.uint8)
