from chainercv.links.model.ssd import VGG16


def convolution_names(extractor: VGG16, until: str | None = None) -> list[str]:
    """Names of the extractor's convolutions, from the image onwards.

    Args:
        extractor (chainercv.links.model.ssd.VGG16): The extractor. Each of
            its convolutions takes what the one before gives.
        until (str): The last one; 'conv11_2' by default.

    Returns:
        list of str: 'conv1_1', 'conv1_2', ..., `until`.

    Raises:
        ValueError: If `until` is none of them.
    """
    # Chain.children sorts by letters: conv10_1 before conv1_1
    names = [child.name for child in extractor.children()
             if child.name.startswith('conv')]
    names.sort(key=lambda name: [int(n) for n in name[4:].split('_')])
    if until is None:
        return names
    if until not in names:
        raise ValueError(
            f'{until!r} is no convolution of the extractor, which has {", ".join(names)}')
    return names[:names.index(until) + 1]
