import chainer


def freeze(link: chainer.Link) -> None:
    """Freeze a link's parameters, and compute no gradients for them.

    `Link.disable_update` alone stops the optimizer, while backpropagation
    still computes every gradient. Chainer records no graph for a function
    none of whose inputs requires a gradient, but it offers no way to say so
    of a parameter that exists already; hence the two private attributes.

    Batch normalisation goes on as it was: in training it has the statistics
    of the batch, and its running statistics follow them.

    Args:
        link (chainer.Link): The link, on any device, after
            ``optimizer.setup``.

    Raises:
        RuntimeError: If no optimizer has been set up: it would decay the
            weights all the same.
    """
    for name, param in link.namedparams():
        if param.update_rule is None:
            raise RuntimeError(
                f'{name} has no optimizer yet: call optimizer.setup before '
                'freeze')
    link.disable_update()
    for param in link.params():
        param.cleargrad()
        param._requires_grad = False
        param.node._requires_grad = False
