"""The format of results files: entries that each have a checksum, in a pickle of a ResultSet.

A pickle, so that ``pickle.load`` reads it wherever Icarus is installed; of bytes that each are an
entry, so that one that is damaged costs no other, reading needs no unpickler, and arrays are
written and read as they are. What many results share, such as facts about the campaign, is an
entry that they name. Everything is written piece by piece, and nothing is copied for it.

An entry is a letter that says what it is of, a checksum, and a payload of ``encoding``.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from icarus.errors import ResultsError, UnwritableError
from icarus.plaintext import cut, one_line
from icarus.results.encoding import LARGEST, Encoder, Payload, loads
from icarus.results.resultset import ResultSet
from icarus.util import Tree

__all__ = ["HEAD", "Contents", "contents_of", "entries_in", "restored", "write_entries"]

logger = logging.getLogger("results")

HEAD = b"\x80\x04cicarus.results.resultset\nResultSet\n)\x81}\x8c\x07entries]"
"""What a file begins with: a ResultSet without arguments, and a state with a list of entries."""
_ENTRY, _LENGTH, _NEXT, _END = b"\x8e", struct.Struct("<Q"), b"a", b"sb."
"""Opcodes: bytes of a length, which are appended; the end of list, state and pickle."""
_CHECKSUM = 16
_FORMAT = 1
_SUMMARY, _PART, _RESULT, _FAILURE = b"S", b"P", b"R", b"F"
_DAMAGE = (ValueError, TypeError, LookupError, RecursionError, OverflowError, ResultsError)
"""What decoding raises for something that no file of ours says."""
_DEEPEST_SEARCH = 4
"""Levels within which what cannot be kept is looked for; a metric is on the third."""


def _checksum(kind: bytes, pieces: Iterable[bytes | memoryview]) -> bytes:
    proof = hashlib.blake2b(digest_size=_CHECKSUM, key=kind)
    for piece in pieces:
        proof.update(piece)
    return proof.digest()


def write_entries(results: ResultSet, file: IO[bytes]) -> list[str]:
    """Write results; return what of them cannot be kept, and is not there but for a text."""
    writer = _Writer(file)
    file.write(HEAD)
    summary = {"format": _FORMAT, "results": len(results), "failures": len(results.failures)}
    writer.write(_SUMMARY, [summary, results.attr])
    for (params, tree), facts in zip(results, results.metadata, strict=True):
        writer.write(_RESULT, [writer.part(params), *writer.facts(facts), tree])
    for params, facts in results.failures:
        writer.write(_FAILURE, [writer.part(params), *writer.facts(facts)])
    file.write(_END)
    return writer.problems


class _Writer:
    def __init__(self, file: IO[bytes]) -> None:
        self.problems: list[str] = []
        self._file = file
        self._numbers: dict[bytes, int] = {}
        self._known: dict[tuple[Any, ...], int] = {}

    def write(self, kind: bytes, value: list[Any]) -> None:
        self._put(kind, self._payload(value))

    def part(self, value: dict[Any, Any]) -> int:
        """Write what others may share, unless it is there; return its number."""
        # A Tree of the same parts is the same: that of each replication of an experiment.
        key = (*dict.keys(value), *map(id, value.values()))
        known = self._known.get(key)
        if known is not None:
            return known
        payload = self._payload(value)
        content = _checksum(_PART, payload)
        if content not in self._numbers:
            number = len(self._numbers)
            self._put(_PART, Payload([_LENGTH.pack(number), *payload]))
            self._numbers[content] = number
        self._known[key] = self._numbers[content]
        return self._numbers[content]

    def facts(self, facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
        """Return facts of their own, and numbers of those that are parts."""
        shared = {
            name: self.part(value)
            for name, value in facts.items()
            if type(value) is dict and type(name) is str
        }
        return {name: one for name, one in facts.items() if name not in shared}, shared

    def _payload(self, value: Any) -> Payload:
        try:
            return _encoded(value)
        except UnwritableError:
            value = self._keepable(value, (), 0)
            return _encoded(value)

    def _keepable(self, value: Any, path: tuple[str, ...], depth: int) -> Any:
        """Return a value with a text in the place of what cannot be kept."""
        try:
            _encoded(value)
        except UnwritableError as error:
            kind = type(value)
            if depth == 0 and kind is list:
                return [self._keepable(one, path, depth + 1) for one in value]
            if depth < _DEEPEST_SEARCH and kind in (dict, Tree):
                return kind(
                    (key, self._keepable(one, (*path, cut(str(key), 60)), depth + 1))
                    for key, one in value.items()
                )
            self.problems.append(str(UnwritableError(error.reason, path)))
            return f"<{kind.__name__}: {error.reason}>"
        return value

    def _put(self, kind: bytes, payload: Payload) -> None:
        proof = _checksum(kind, payload)
        length = len(kind) + len(proof) + len(payload)
        self._file.write(_ENTRY + _LENGTH.pack(length) + kind + proof)
        for piece in payload:
            self._file.write(piece)
        self._file.write(_NEXT)


def _encoded(value: Any) -> Payload:
    # Facts of the job are beside its result, which is as large as may be.
    encoder = Encoder(2 * LARGEST)
    return encoder.payload(encoder.encode(value))


def entries_in(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the entries of a file of which ``HEAD`` was read.

    Raises
    ------
    ResultsError
        If it ends too early, or is of another form.
    """
    end = os.fstat(file.fileno()).st_size
    while (opcode := file.read(1)) == _ENTRY:
        length = file.read(_LENGTH.size)
        size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else end
        if size > end - file.tell():
            raise ResultsError(_CUT_SHORT)
        yield file.read(size)
        opcode = file.read(1)
        if opcode != _NEXT:
            raise ResultsError(_odd(opcode))
    end_found = opcode + file.read(len(_END) - 1)
    if end_found != _END:
        raise ResultsError(_odd(b"" if _END.startswith(end_found) else opcode))


_CUT_SHORT = "it is cut short; restore it from a copy or run again"


def _odd(opcode: bytes) -> str:
    return "it is damaged between two entries" if opcode else _CUT_SHORT


@dataclass
class Contents:
    """What the entries of a results file hold."""

    results: ResultSet = field(default_factory=ResultSet)
    problems: list[str] = field(default_factory=list)
    """What cannot be read, a line for each."""
    lost: int = 0
    """How many results cannot be read."""
    expected: int = 0
    """How many results were written."""

    def tell(self, where: str = "") -> None:
        """Log what cannot be read, in one line."""
        if not self.problems:
            return
        more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        what = f"{self.lost} of {self.expected} results cannot be read"
        if not self.lost:
            what = "all results can be read, but not all that is kept beside them"
        logger.warning("%s%s: %s%s", where, what, self.problems[0], more)


def contents_of(entries: Iterable[bytes]) -> Contents:
    """Return what can be read of entries, and what cannot.

    Raises
    ------
    ResultsError
        If they are of a later version of Icarus.
    """
    found = Contents()
    parts: dict[int, Any] = {}
    summary: dict[str, Any] = {}
    damaged = 0
    for number, entry in enumerate(entries, start=1):
        kind, proof = entry[:1], entry[1 : 1 + _CHECKSUM]
        payload = memoryview(entry)[1 + _CHECKSUM :]
        try:
            if _checksum(kind, [payload]) != proof:
                raise ValueError("its checksum is wrong")
            if kind == _PART:
                parts[_LENGTH.unpack_from(payload)[0]] = loads(payload[_LENGTH.size :])
            elif kind == _SUMMARY:
                summary, attr = loads(payload)
                found.results.attr = dict(attr)
            else:
                _enter(found.results, kind, loads(payload), parts)
        except _DAMAGE as error:
            found.problems.append(f"entry {number}: {_reason(error)}")
            damaged += kind == _RESULT
    if summary.get("format", _FORMAT) > _FORMAT:
        raise ResultsError("it was written by a later version of Icarus; use that version")
    # Without the summary, those that are lost are known by their letter.
    found.expected = max(summary.get("results", 0), len(found.results) + damaged)
    found.lost = found.expected - len(found.results)
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "what it shares with others is damaged"
    text = one_line(error, 200)
    return text if text.startswith("its ") else f"it makes no sense: {text}"


def _enter(results: ResultSet, kind: bytes, value: Any, parts: dict[int, Any]) -> None:
    params, own, shared, *tree = value
    # Facts that are lost are no reason to lose the result.
    facts = own | {name: parts.get(number, {}) for name, number in shared.items()}
    if kind == _FAILURE:
        results.add_failure(parts[params], facts)
    elif kind == _RESULT:
        results.add(parts[params], tree[0], facts)
    else:
        raise ValueError(f"nothing is of the kind {kind!r}")


def restored(entries: Iterable[bytes]) -> ResultSet:
    """Return the results that entries hold; what cannot be read is logged."""
    contents = contents_of(entries)
    contents.tell()
    return contents.results
