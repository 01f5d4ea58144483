"""Hashes that are the same in every process, on every machine and in every release.

``hash()`` is not: strings hash differently in each process. Whatever decides something in a
model or recognises an experiment uses these.
"""

from __future__ import annotations

import functools
import hashlib
import json
import operator
import os
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "canonical_text",
    "digest",
    "digest_of_text",
    "fingerprint_of_file",
    "salted_hash",
    "salted_hashes",
    "stable_hash",
    "text_of_mapping",
    "with_salt",
]

_compact = json.JSONEncoder(separators=(",", ":")).encode
_first = operator.itemgetter(0)
_MASK = 0xFFFF_FFFF_FFFF_FFFF

_READ_WHOLE = 2**28
"""Bytes up to which a file is known by its content alone."""
_SAMPLE = 2**20


def stable_hash(value: Hashable) -> int:
    """Return a well-mixed 64-bit hash of a content or node name.

    Parameters
    ----------
    value : hashable
        Integers are mixed with SplitMix64, so that neighbours in rank do not land side by
        side; everything else goes through BLAKE2b of its text.

    Returns
    -------
    int
        From 0 to 2**64 - 1.

    References
    ----------
    G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014.
    """
    if isinstance(value, (int, np.integer)):
        return _mixed(int(value))
    if isinstance(value, (float, np.floating)):
        # Equal names must have equal hashes: 1.0 is 1.
        return (
            stable_hash(int(value)) if float(value).is_integer() else _text_hash(repr(float(value)))
        )
    if isinstance(value, str):
        return _text_hash(value)
    return _text_hash(json.dumps(_canonical(value), separators=(",", ":")))


def salted_hash(value: Hashable, salt: int) -> int:
    """Return one of many hashes of a content or node name, which salts tell apart.

    Parameters
    ----------
    value : hashable
    salt : int
        From 0 to 2**63 - 1; 0 gives ``stable_hash(value)``.

    Returns
    -------
    int
        From 0 to 2**64 - 1.
    """
    number = stable_hash(value)
    return number if salt == 0 else _mixed(number ^ salt)


def salted_hashes(numbers: np.ndarray, salt: int) -> np.ndarray:
    """Return ``salted_hash`` of many integers at once, uint64, (n,).

    Parameters
    ----------
    numbers : ndarray of int64, shape (n,)
    salt : int
        From 1 to 2**64 - 1.
    """
    mixed = numbers.astype(np.uint64)
    _mix(mixed)
    return with_salt(mixed, salt)


def with_salt(hashes: np.ndarray, salt: int) -> np.ndarray:
    """Return ``salted_hash`` of what has these ``stable_hash``, uint64, (n,).

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n,)
    salt : int
        From 1 to 2**64 - 1.
    """
    mixed: np.ndarray = hashes ^ np.uint64(salt)
    _mix(mixed)
    return mixed


def _mix(z: np.ndarray) -> None:
    """Mix integers, uint64, in place as ``_mixed`` does."""
    z += np.uint64(0x9E37_79B9_7F4A_7C15)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58_476D_1CE4_E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D0_49BB_1331_11EB)
    z ^= z >> np.uint64(31)


def _mixed(number: int) -> int:
    """Return an integer as SplitMix64 mixes it."""
    z = (number + 0x9E37_79B9_7F4A_7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return z ^ (z >> 31)


def _text_hash(text: str) -> int:
    try:
        raw = text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        # Halves of surrogate pairs that stand for no byte of a file's name.
        raw = text.encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")


def digest(value: Any) -> str:
    """Return a hexadecimal digest that two values share exactly if they mean the same.

    Parameters
    ----------
    value : object
        Any nesting of mappings, sequences, sets, numbers, strings, arrays, functions and
        classes. The order of a mapping's keys does not matter.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return digest_of_text(canonical_text(value))


def canonical_text(value: Any) -> str:
    """Return the text that the digest of a value is that of."""
    return _compact(_canonical(value))


def text_of_mapping(texts: Mapping[str, str]) -> str:
    """Return the canonical text of a mapping.

    Parameters
    ----------
    texts : mapping
        The canonical text of each value by its key.
    """
    if _are_names(tuple(texts)):
        # What follows a key is less than all that a name may go on with.
        pairs = sorted([f'["{key}",{text}]' for key, text in texts.items()])
    else:
        pairs = [f"[{_compact(_canonical(key))},{text}]" for key, text in texts.items()]
        pairs.sort(key=lambda pair: _sort_key(json.loads(pair)))
    return f'{{"mapping":[{",".join(pairs)}]}}'


def digest_of_text(text: str) -> str:
    """Return the digest of the value that has a canonical text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@functools.lru_cache(1024)
def _are_names(keys: tuple[Any, ...]) -> bool:
    return all(map(_is_name, keys))


def _is_name(key: Any) -> bool:
    return type(key) is str and key.isascii() and key.isidentifier()


def _canonical(value: Any) -> Any:
    """Return `value` as JSON material in which equal meaning is equal text."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        # 1 and 1.0 are the same setting; repr is exact for all others.
        return int(value) if value.is_integer() and abs(value) < 2**53 else {"float": repr(value)}
    if isinstance(value, Mapping):
        # Names, as keys nearly always are, sort as their JSON does; a campaign has many.
        if all(map(_is_name, value.keys())):
            named = sorted(value.items(), key=_first)
            return {"mapping": [[key, _canonical(item)] for key, item in named]}
        pairs = [[_canonical(key), _canonical(item)] for key, item in value.items()]
        return {"mapping": sorted(pairs, key=_sort_key)}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((_canonical(item) for item in value), key=_sort_key)}
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if hasattr(value, "__qualname__"):
        return {"definition": value.__qualname__}
    # Without the address that tells objects of one process apart and means nothing in another.
    return {type(value).__qualname__: re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))}


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def fingerprint_of_file(name: str) -> str | None:
    """Return what tells the content of a file from another; None if there is no such file.

    A file of up to 256 MiB is known by its content, wherever it came from and whenever it was
    written. Of a larger one the size, the time of its last change and the first mebibyte count.
    """
    try:
        path = Path(name)
        if not path.is_file():
            return None
        hashed = hashlib.blake2b(digest_size=16)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > _READ_WHOLE:
                hashed.update(f"{status.st_size} {status.st_mtime_ns}".encode())
                hashed.update(file.read(_SAMPLE))
            else:
                while part := file.read(_SAMPLE):
                    hashed.update(part)
    except (OSError, ValueError):
        # Nothing to be read, or no name of a file at all.
        return None
    return f"file {hashed.hexdigest()}"
