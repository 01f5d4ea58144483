"""Reading request traces from files, plain or compressed, one block at a time.

A trace is a list (one content id a line), a table (CSV and its kin), a log of a server, or
binary. At no time is more than one block of it in memory. A line that cannot be read raises
TraceError with the file, the line number, what was found and what would be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from os import PathLike, fspath

import numpy as np

from icarus.errors import TraceError
from icarus.traces.binary import (
    BinaryTrace,
    NumberedClients,
    NumberedIds,
    check_oracle_general,
    oracle_general_blocks,
)
from icarus.traces.formats import TEXT_FORMATS, FormatName, TimeUnit, TraceFormat
from icarus.traces.pipes import OnePassFile, is_pipe
from icarus.traces.request_logs import LOG_FORMATS, log_blocks, log_fields
from icarus.traces.stream_ends import check_whole
from icarus.traces.table import TextTrace, TraceBlock
from icarus.traces.table_layout import HEAD, MOST_COMMENTS, TraceLayout
from icarus.traces.text_lines import missing_file, text_lines

__all__ = ["BLOCK_SIZE", "TraceBlock", "TraceReader", "missing_file"]

BLOCK_SIZE = 2**14
"""Lines that are held at a time: a few megabytes as Python strings."""

_MOST_BYTES = 2**62
"""Bytes that all requests may have together: engines count them in 64 bits."""


class TraceReader:
    """A request trace in a file, read one block at a time.

    Parameters
    ----------
    path : str or path-like
        The file; text in UTF-8. Names that end in .gz, .bz2, .xz or .zst are decompressed.
        A pipe can be read once.
    content_column, time_column, size_column : str or int, optional
        Where the content id, the time stamp and the size (bytes) stand: the
        name of a column in the header line, or a number from 0.
    delimiter : str, optional
        What separates columns, one character. A space stands for any number of them. The
        line feed ``"\\n"`` says that each line as a whole is an id.
    header : bool, optional
        Whether the first line names the columns.
    format : str, optional
        What the file is:

        - ``"text"``: a list or a table. The parameters above are for tables only.
        - ``"clf"``: a web server's log in the Common or the Combined Log Format. The content
          is the URL; the whole request line where that is not one of HTTP.
        - ``"squid"``: Squid's native access log. The content is the URL.
        - ``"wikibench"``: a WikiBench trace. The content is the URL.
        - ``"youtube"``: a YouTube trace of the UMass repository. The content is the video.
        - ``"twitter"``: a table of Twitter's cache traces. The content is the key, the size that
          of the value; the operations are read.
        - ``"oracleGeneral"``: libCacheSim's binary records.
        - ``"itrace"``: what `icarus.tools.convert_trace` writes.

        By default it is itrace if the file starts like one, oracleGeneral if the name has this
        ending (before others), and text otherwise.
    time_unit : {"s", "ms", "us", "ns"}, optional
        What times are given in. By default it is what the name of the column ends in, as in
        ``time_us`` or ``time [us]``, and seconds otherwise.
    operation_column : str or int, optional
        Where it stands what was done with the content.
    operations : sequence of str, optional
        Which operations are requests, in any case; other rows are left out. By default these are
        GET, GETS and GET_LEASE, and an operation that no key-value cache knows is an error.
    count_column : str or int, optional
        Where it stands how often the request was made, one after another; at most a million.
    client_column : str or int, optional
        Where it stands who made the request. Formats of logs that tell, and ``"twitter"``, need
        no such column.

    Raises
    ------
    ValueError
        If `delimiter` is no single character, there is no such `format`, or the parameters
        contradict each other.

    Notes
    -----
    Logs give times, and those of web servers and Squid sizes, which are the bytes of each reply.
    Servers write a line when a reply ends and may stamp it with when it began; a time that is less
    than a day before the latest so far counts as that one.

    A file of text is a table if `delimiter`, a column or ``header=True`` is given, or if its
    name ends in .csv or .tsv (before an ending for compression). Otherwise it is a list, one id
    a line; a list whose lines look like the rows of a table or the lines of a log is refused, as
    each would count as a content of its own. What is not given of a table is found thus:

    - `delimiter`: the first of tab, comma, semicolon and space that the first line holds.
    - `header`: there is one if a column is given by name, or if a cell of the first line is
      one of the usual names of the content column.
    - `content_column`: the only column, or by header the first of content, content_id, id,
      obj_id, object, object_id, obj, key, item, item_id, url, lbn, lba, block, cachekey,
      hashed_path_query, hashed_host_path_query.
    - the other columns, only where `content_column` is not given either, by header: the time is
      the first of time, timestamp, ts, op_time, relative_unix; the size that of size, bytes,
      obj_size, object_size, content_size, objectsize, response_size; the operation that of op,
      operation; the count is op_count. A column whose first rows hold something else is not read.

    `notes` tells what was found and is not read, and why.

    Times are numbers, or dates by ISO 8601; dates without a zone are in UTC. Sizes are whole
    numbers below 2**63, such as 10, 10.0 and 1e3. Lines that begin with ``#`` are left out at the
    start of a table. The last one of them that has as many columns as the table is its header.

    Empty lines are broken lines, except at the end of the file. Rows have as many columns as the
    first one.

    Examples
    --------
    >>> reader = TraceReader("requests.csv", content_column="url")
    >>> n_requests = sum(len(block.ids) for block in reader.blocks())  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | PathLike[str],
        content_column: str | int | None = None,
        time_column: str | int | None = None,
        size_column: str | int | None = None,
        delimiter: str | None = None,
        header: bool | None = None,
        format: FormatName | None = None,  # noqa: A002 - what users call it
        time_unit: TimeUnit | None = None,
        operation_column: str | int | None = None,
        operations: Sequence[str] | None = None,
        count_column: str | int | None = None,
        client_column: str | int | None = None,
    ) -> None:
        self.path = fspath(path)
        self.format = TraceFormat(
            *(content_column, time_column, size_column, delimiter, header, format, time_unit),
            *(operation_column, operations, count_column, client_column),  # type: ignore[arg-type]
        )
        self._text: TextTrace | None = None

    @cached_property
    def format_name(self) -> str:
        """The name of the format, as asked for or found."""
        return self.format.find_name(self._file)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the head of a list or a table has that is not used, and why; one line each."""
        return self.layout.notes if self.format_name in TEXT_FORMATS else ()

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many rows the last reading left out that are no requests, by their operation."""
        return {} if self._text is None else dict(self._text.left_out)

    @cached_property
    def _file(self) -> str | OnePassFile:
        # Whatever looks at the start of a pipe takes it from those who come after.
        return OnePassFile(self.path) if is_pipe(self.path) else self.path

    def check_head(self) -> None:
        """Read the start of the file; TraceError where it is not as asked for.

        A file that was cut short is told too where that can be found without reading it through.
        """
        if self.format_name in TEXT_FORMATS:
            next(TextTrace(self._file, self.layout).blocks(1), None)
        elif self.format_name == "itrace":
            _ = self._binary
        elif self.format_name == "oracleGeneral":
            check_oracle_general(self._file)
        else:
            next(log_fields(self._file, self.format_name), None)
        check_whole(self.path)

    @cached_property
    def layout(self) -> TraceLayout:
        """Where in text the columns are; TraceError where the file's head is not as asked for."""
        head = list(islice(text_lines(self._file), MOST_COMMENTS + HEAD))
        return self.format.find_layout(self.path, head)

    def __iter__(self) -> Iterator[str]:
        """Yield the content ids one by one."""
        for block in self.blocks():
            yield from block.ids

    def blocks(self, size: int = BLOCK_SIZE) -> Iterator[TraceBlock]:
        """Yield the trace from its start.

        Parameters
        ----------
        size : int, optional
            Requests that a block has at most.

        Yields
        ------
        TraceBlock

        Raises
        ------
        TraceError
            If the file cannot be read, or at the first block that has a broken line: columns
            missing or too many, a time or size that is no number, a negative size, time going
            backwards, bytes that are not UTF-8, a line that is longer than a mebibyte, a damaged
            or truncated compressed stream; or if a pipe has been read before.
        """
        return self._countable(self._blocks(size))

    def _blocks(self, size: int) -> Iterator[TraceBlock]:
        if self.format_name in TEXT_FORMATS:
            self._text = TextTrace(self._file, self.layout)
            return self._text.blocks(size)
        if self.format_name in LOG_FORMATS:
            return (TraceBlock(*block) for block in log_blocks(self._file, self.format_name, size))
        return self._binary_blocks(size)

    def _countable(self, blocks: Iterator[TraceBlock]) -> Iterator[TraceBlock]:
        total = 0
        for block in blocks:
            if block.size is not None:
                # As floats, which do not overflow; of what is refused, all bits but the first
                # are beside the point. Sums up to each request take six times as long as one.
                if total + float(block.size.sum(dtype=np.float64)) >= _MOST_BYTES:
                    sums = total + np.cumsum(block.size, dtype=np.float64)
                    raise TraceError(
                        self.path,
                        "the sizes of the requests up to here are 2**62 bytes together, which is "
                        "more than can be counted",
                        block.lines[min(int(np.searchsorted(sums, _MOST_BYTES)), len(sums) - 1)],
                    )
                total += int(block.size.sum())
            yield block

    def own_catalogue(self) -> tuple[list[str], int] | None:
        """Return all content ids and the number of requests, if the file itself lists them."""
        if self.format_name != "itrace":
            return None
        return self._binary.contents, self._binary.n_requests

    # Binary files

    @cached_property
    def _binary(self) -> BinaryTrace:
        return BinaryTrace(self._file)

    def _binary_blocks(self, size: int) -> Iterator[TraceBlock]:
        done = 0
        if self.format_name == "itrace":
            for numbers, times, sizes, who in self._binary.blocks(size):
                records = range(done + 1, done + 1 + len(numbers))
                ids = NumberedIds(numbers, self._binary)
                clients = None if who is None else NumberedClients(who, self._binary)
                yield TraceBlock(ids, times, sizes, records, clients)
                done += len(numbers)
            return
        for numbers, times, sizes, _ in oracle_general_blocks(self._file, size):
            records = range(done + 1, done + 1 + len(numbers))
            yield TraceBlock(list(map(str, numbers.tolist())), times, sizes, records)
            done += len(numbers)
