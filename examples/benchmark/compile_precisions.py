from vasily_fashion.deploy import compile_link


def compile_precisions(link, calibration, precisions=('f32', 'bf16', 'int8')):
    """Compile a link in each precision that can be had on this machine.

    Args:
        link: As for :func:`vasily_fashion.deploy.compile_link`.
        calibration (list of numpy.ndarray): Raw images.
        precisions (iterable of str): Which to try.

    Returns:
        dict: From precisions to the compiled links; what cannot
        be had is said and left out.
    """
    compiled = {}
    for precision in precisions:
        try:
            compiled[precision] = compile_link(
                link, 'openvino', precision, calibration)
        except (ImportError, ValueError) as error:
            print(f'left out: {error}')
    return compiled
