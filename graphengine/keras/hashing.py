"""Texts as numbers that stay the same everywhere: FarmHash's fingerprint, and SipHash with a key.

References
----------
Pike and Alakuijala (2014), FarmHash, `farmhashna::Hash64`. Aumasson and Bernstein (2012), "SipHash: a fast short-input
PRF", section 2.
"""
from __future__ import annotations

from collections.abc import Sequence

MASK = 2**64 - 1
K0, K1, K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F

Two = tuple[int, int]


def bucket(text: bytes, buckets: int, salt: Sequence[int] | None = None) -> int:
    """The number of a text's bucket; with a salt of two numbers that only those who know it can foretell."""
    return (fingerprint(text) if salt is None else keyed(text, salt[0], salt[1])) % buckets


def _at(s: bytes, place: int, size: int = 8) -> int:
    return int.from_bytes(s[place:place + size], "little")


def _right(x: int, by: int) -> int:
    """Bits turned to the right."""
    return (x >> by | x << (64 - by)) & MASK


def _mixed(x: int) -> int:
    return x ^ x >> 47


def _joined(u: int, v: int, mul: int) -> int:
    a = _mixed((u ^ v) * mul & MASK)
    b = _mixed((v ^ a) * mul & MASK)
    return b * mul & MASK


def fingerprint(s: bytes) -> int:
    """FarmHash's 64 bits."""
    n = len(s)
    mul = K2 + 2 * n
    if n > 64:
        return _of_many(s)
    if n > 16:
        a = _at(s, 0) * (K1 if n <= 32 else K2) & MASK
        b, c, d = _at(s, 8), _at(s, n - 8) * mul & MASK, _at(s, n - 16) * K2 & MASK
        y = _right(a + b & MASK, 43) + _right(c, 30) + d & MASK
        z = _joined(y, a + _right(b + K2 & MASK, 18) + c & MASK, mul)
        if n <= 32:
            return z
        e, f = _at(s, 16) * mul & MASK, _at(s, 24)
        g, h = (y + _at(s, n - 32)) * mul & MASK, (z + _at(s, n - 24)) * mul & MASK
        y = _right(e + f & MASK, 43) + _right(g, 30) + h & MASK
        return _joined(y, e + _right(f + a & MASK, 18) + g & MASK, mul)
    if n >= 8:
        a, b = _at(s, 0) + K2 & MASK, _at(s, n - 8)
        return _joined(_right(b, 37) * mul + a & MASK, (_right(a, 25) + b) * mul & MASK, mul)
    if n >= 4:
        return _joined(n + (_at(s, 0, 4) << 3) & MASK, _at(s, n - 4, 4), mul)
    if n:
        y, z = s[0] + (s[n // 2] << 8), n + (s[-1] << 2)
        return _mixed((y * K2 ^ z * K0) & MASK) * K2 & MASK
    return K2


def _weak(s: bytes, place: int, a: int, b: int) -> Two:
    w, x, y, z = (_at(s, place + 8 * k) for k in range(4))
    a = a + w & MASK
    b = _right(b + a + z & MASK, 21)
    c = a
    a = a + x + y & MASK
    return a + z & MASK, b + _right(a, 44) + c & MASK


def _of_many(s: bytes) -> int:
    n = len(s)
    x, y = 81, 81 * K1 + 113 & MASK
    z = _mixed(y * K2 + 113 & MASK) * K2 & MASK
    v: Two = (0, 0)
    w: Two = (0, 0)
    x = x * K2 + _at(s, 0) & MASK
    end = (n - 1) // 64 * 64
    for place in (*range(0, end, 64), n - 64):
        is_last = place == n - 64 and place + 64 > end
        mul, nine = (K1 + ((z & 0xFF) << 1), 9) if is_last else (K1, 1)
        if is_last:
            w = (w[0] + (n - 1 & 63) & MASK, w[1])
            v = (v[0] + w[0] & MASK, v[1])
            w = (w[0] + v[0] & MASK, w[1])
        x = _right(x + y + v[0] + _at(s, place + 8) & MASK, 37) * mul & MASK
        y = _right(y + v[1] + _at(s, place + 48) & MASK, 42) * mul & MASK
        x = (x ^ w[1] * nine) & MASK
        y = y + v[0] * nine + _at(s, place + 40) & MASK
        z = _right(z + w[0] & MASK, 33) * mul & MASK
        v = _weak(s, place, v[1] * mul & MASK, x + w[0] & MASK)
        w = _weak(s, place + 32, z + w[1] & MASK, y + _at(s, place + 16) & MASK)
        z, x = x, z
    return _joined(_joined(v[0], w[0], mul) + _mixed(y) * K0 + z & MASK, _joined(v[1], w[1], mul) + x & MASK, mul)


def keyed(s: bytes, first: int, second: int) -> int:
    """SipHash-2-4's 64 bits for a key of two numbers."""
    v = [key & MASK ^ start for key, start in zip((first, second) * 2, (
        0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573), strict=True)]

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, turn, half in ((0, 1, 13, True), (2, 3, 16, False), (0, 3, 21, False), (2, 1, 17, True)):
                v[a] = v[a] + v[b] & MASK
                v[b] = _right(v[b], 64 - turn) ^ v[a]
                if half:
                    v[a] = _right(v[a], 32)

    padded = s + bytes(7 - len(s) % 8) + bytes([len(s) & 0xFF])
    for place in range(0, len(padded), 8):
        word = _at(padded, place)
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
