"""IBM System/360 doubles, the numbers of an XPORT file: 1 bit sign, 7 bits power of 16, 56 bits fraction."""

from __future__ import annotations

from math import frexp, ldexp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SMALLEST = 16.0**-65
LARGEST = 16.0**63

_FRACTION = (1 << 56) - 1


def in_range(number: float) -> bool:
    """Return whether a number has an IBM double: zero, or from about 5.4e-79 to below 7.2e75 in size.

    >>> in_range(0.0), in_range(-63.0), in_range(1e-300), in_range(1e76), in_range(float("nan"))
    (True, True, False, False, False)
    """
    return number == 0 or SMALLEST <= abs(number) < LARGEST


def to_ibm(number: float) -> bytes:
    """Return the 8 bytes of an IBM double, exactly: 56 bits of fraction hold all 53 of a Python float.

    >>> [to_ibm(number).hex() for number in (0.0, 1.0, -118.625)]
    ['0000000000000000', '4110000000000000', 'c276a00000000000']

    The number is to be `in_range`.
    """
    if number == 0:
        return bytes(8)
    mantissa, power2 = frexp(abs(number))
    power16 = -(-power2 // 4)
    fraction = int(ldexp(mantissa, 53)) << (3 - (4 * power16 - power2))
    return (((number < 0) << 63) | ((power16 + 64) << 56) | fraction).to_bytes(8, "big")


def from_ibm(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return Python floats of IBM doubles; a fraction of more than 53 bits goes to the nearest float.

    >>> import numpy as np
    >>> from_ibm(np.array([0, 0x4110000000000000, 0xC276A00000000000], dtype=np.uint64)).tolist()
    [0.0, 1.0, -118.625]
    """
    import numpy as np

    fraction = (words & np.uint64(_FRACTION)).astype(np.int64).astype(np.float64)
    power16 = ((words >> np.uint64(56)) & np.uint64(0x7F)).astype(np.int64) - 64
    numbers = np.ldexp(fraction, 4 * power16 - 56)
    return np.where(words >> np.uint64(63), -numbers, numbers)
