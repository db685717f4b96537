"""The first five stages of EfficientNet-lite0, with the layers' names and arithmetic of timm's.

Written out because importing timm takes longer than everything else that the app needs to show its
first page: it imports torchvision, and that torch's compiler.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EPS = 1e-3  # of the batch norms, as TensorFlow trained them
STEM = 32  # channels
STAGES = (  # blocks, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
)  # fmt: skip


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: what is odd of it goes to the right and below."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1):
        padding = (kernel - 1) // 2 if stride == 1 else 0
        super().__init__(channels, out, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, out, ceil(h / stride), ceil(w / stride))."""
        if self.stride[0] == 1:
            return super().forward(maps)
        down, across = (self._missing(size) for size in maps.shape[2:])
        edges = [across // 2, across - across // 2, down // 2, down - down // 2]
        return super().forward(F.pad(maps, edges))

    def _missing(self, size: int) -> int:
        stride, kernel = self.stride[0], self.kernel_size[0]
        return max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)


class Norm(nn.BatchNorm2d):
    """Batch norm, and ReLU6 after it where the lite variant has one."""

    def __init__(self, channels: int, active: bool = True) -> None:
        super().__init__(channels, eps=EPS)
        self.active = active

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w), of the same shape."""
        normed = super().forward(maps)
        return F.relu6(normed, inplace=not torch.is_grad_enabled()) if self.active else normed


class Separable(nn.Module):
    """Depthwise, then pointwise: a block without expansion."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SameConv(channels, channels, kernel, stride, groups=channels)
        self.bn1 = Norm(channels)
        self.conv_pw = SameConv(channels, out, 1)
        self.bn2 = Norm(out, active=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, out, h / stride, w / stride)."""
        return self.bn2(self.conv_pw(self.bn1(self.conv_dw(maps))))


class Inverted(nn.Module):
    """Pointwise up, depthwise, pointwise down; beside it the block's input where it fits."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = channels * expansion
        self.skips = stride == 1 and channels == out
        self.conv_pw = SameConv(channels, middle, 1)
        self.bn1 = Norm(middle)
        self.conv_dw = SameConv(middle, middle, kernel, stride, groups=middle)
        self.bn2 = Norm(middle)
        self.conv_pwl = SameConv(middle, out, 1)
        self.bn3 = Norm(out, active=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, out, h / stride, w / stride)."""
        wide = self.bn2(self.conv_dw(self.bn1(self.conv_pw(maps))))
        narrow = self.bn3(self.conv_pwl(wide))
        return narrow + maps if self.skips else narrow


def stages() -> nn.Sequential:
    """The stages after the stem, each a sequence of blocks."""
    channels, built = STEM, []
    for count, kernel, stride, expansion, out in STAGES:
        blocks: list[nn.Module] = []
        for number in range(count):
            step = stride if number == 0 else 1
            blocks.append(
                Separable(channels, out, kernel, step)
                if expansion == 1
                else Inverted(channels, out, kernel, step, expansion)
            )
            channels = out
        built.append(nn.Sequential(*blocks))
    return nn.Sequential(*built)
