"""Hash tables of rows that are found by an integer; collisions go to the next free place."""

from __future__ import annotations

from icarus.compiler.mixing import mixed

__all__ = ["fill_table", "place_of"]


def place_of(table, keys, key):
    """Return the place that has the row of a key, or the free one where it would be.

    Parameters
    ----------
    table : ndarray of int32, shape (n_places,)
        Row + 1 by place, 0 for none; a power of two, never full.
    keys : ndarray of int64, shape (n_rows,)
        Keys by row.
    key : int
    """
    mask = len(table) - 1
    place = mixed(key, 0) & mask
    while table[place] > 0 and keys[table[place] - 1] != key:
        place = (place + 1) & mask
    return place


def fill_table(table, keys, n_rows):
    """Enter the first `n_rows` rows, of which no two have one key, into an empty table."""
    for row in range(n_rows):
        table[place_of(table, keys, keys[row])] = row + 1
