"""Bytes that are nearly right."""

_BAD = (b'', b'\0', b'\xff', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'-1', b'1e999', b'NaN',
        b'../../etc/passwd', b'"', b',', b'\r\n', b'{}', b'[]', b'null', b'99999999999999999999',
        '\u202e'.encode(), b'<!ENTITY', b'&a;', b'PK\x05\x06')


def mutate(data, rng):
    """Change bytes at one to four places.

    Args:
        data (bytes): What is right.
        rng (numpy.random.Generator): Chance.

    Returns:
        bytes: Something near.
    """
    for _ in range(rng.integers(1, 5)):
        kind = rng.integers(6)
        i = int(rng.integers(len(data) + 1))
        n = int(min(len(data) - i, rng.geometric(.1)))
        if kind == 0:
            data = data[:i]
        elif kind == 1:
            data = data[:i] + rng.bytes(n) + data[i + n:]
        elif kind == 2:
            data = data[:i] + data[i + n:]
        elif kind == 3:
            data = data[:i] + data[i:i + n] * int(rng.integers(2, 9)) + data[i + n:]
        elif kind == 4:
            bad = _BAD[rng.integers(len(_BAD))]
            data = data[:i] + bad + data[i + (len(bad) if rng.random() < .5 else 0):]
        elif i < len(data):
            flipped = data[i] ^ (1 << int(rng.integers(8)))
            data = data[:i] + bytes([flipped]) + data[i + 1:]
    return data
