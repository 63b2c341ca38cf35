from chainercv.links.model.ssd import VGG16


def convolution_names(extractor: VGG16) -> list[str]:
    """Names of the extractor's convolutions, from the image onwards.

    Args:
        extractor (chainercv.links.model.ssd.VGG16): The extractor. Each of
            its convolutions takes what the one before gives.

    Returns:
        list of str: 'conv1_1', 'conv1_2', ..., 'conv11_2'.
    """
    # Chain.children sorts by letters: conv10_1 before conv1_1
    names = [child.name for child in extractor.children()
             if child.name.startswith('conv')]
    return sorted(
        names, key=lambda name: [int(n) for n in name[4:].split('_')])
