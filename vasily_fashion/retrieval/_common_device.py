from typing import Any

from vasily_fashion.links import FashionSSD300, StyleExtractorBN

import chainer
from chainer.backends.cuda import GpuDevice


def common_device(*links: Any) -> chainer.backend.Device:
    """Find the GPU that all networks are on.

    Args:
        links: The networks.

    Returns:
        chainer.backend.Device: That GPU; the CPU if they are on several devices,
        or one is not this library's own.
    """
    device, *others = {
        link.device if isinstance(link, (FashionSSD300, StyleExtractorBN)) else None
        for link in links}
    if isinstance(device, GpuDevice) and not others:
        return device
    return chainer.get_device('@numpy')
