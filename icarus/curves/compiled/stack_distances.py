"""Stack distances of LRU (Mattson et al. 1970), in one pass over the requests.

Each content that was requested has a position, that of its latest request; the distance of a
request is how many contents have a position behind that of its content, and itself. Positions are
bits of ``words``; a Fenwick tree has how many bits of each word are set, but for the word that is
being written. One word is 64 positions, so that the tree of a million contents takes 128 kB and
stays in the processor's cache. When positions run out those in use are moved together: memory
follows the number of contents and not that of requests.

Arrays
    last : int32, (n_contents,): position + 1 of each content, 0 before its first request
    words : int64, (n_words,): a bit for each position, set where a content has it
    tree : int64, (n_words + 1,): Fenwick tree over the words before that of ``state[NOW]``
    state : int64, (3,): see NOW, LIVE and HELD

There must be more positions than contents. Kernels here neither allocate nor check.
"""

from __future__ import annotations

import numpy as np

from icarus.compiler.prefetch import prefetch

__all__ = ["HELD", "LIVE", "NOW", "close_ranks", "count_bytes", "count_contents", "popcount"]

NOW, LIVE, HELD = 0, 1, 2
"""Where ``state`` has the next position, the contents that have one, and their bytes."""

_AHEAD = 12
"""Requests ahead of which positions are fetched: 2^20 contents were counted 1.6 times as fast."""

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def popcount(word):
    """Return how many bits of a word of 64 are set."""
    return (int(word) & _MASK).bit_count()


def _popcount_compiled(word):
    # LLVM knows this pattern, and makes one instruction of it.
    x = np.uint64(word)
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555_5555_5555_5555))
    x = (x & np.uint64(0x3333_3333_3333_3333)) + (
        (x >> np.uint64(2)) & np.uint64(0x3333_3333_3333_3333)
    )
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F_0F0F_0F0F_0F0F)
    return np.int64((x * np.uint64(0x0101_0101_0101_0101)) >> np.uint64(56))


popcount.compiled_form = _popcount_compiled  # type: ignore[attr-defined]


def count_contents(contents, sizes, last, words, tree, state, hits, hit_bytes):
    """Count requests by their distance in contents.

    Parameters
    ----------
    contents : ndarray of int32 or int64, shape (n,)
        The next requests.
    sizes : ndarray of int64, shape (n,) or (0,)
        Their bytes, if these are known.
    last, words, tree, state : ndarray
        See above; they are updated.
    hits, hit_bytes : ndarray of int64, shape (more than n_contents,)
        Requests, and their bytes, by distance; first requests of a content are not counted.
    """
    n = len(contents)
    now, live = state[NOW], state[LIVE]
    for i in range(n):
        if i + _AHEAD < n:
            prefetch(last, contents[i + _AHEAD])
        if now >> 6 == len(words):
            now = _close_positions(last, words, tree)
        content = contents[i]
        before = np.int64(last[content]) - 1
        word = now >> 6
        if before < 0:
            live += 1
        else:
            there = before >> 6
            distance = popcount(words[there] & (np.int64(-2) << (before & 63))) + 1
            if there < word:
                distance += live - _sum_up_to(tree, there)
                _add(tree, there, -1)
            words[there] &= ~(np.int64(1) << (before & 63))
            hits[distance] += 1
            if len(sizes) > 0:
                hit_bytes[distance] += sizes[i]
        words[word] |= np.int64(1) << (now & 63)
        last[content] = now + 1
        now += 1
        if now & 63 == 0:
            _add(tree, word, popcount(words[word]))
    state[NOW], state[LIVE] = now, live


def count_bytes(contents, sizes, last, words, tree, state, weights, edges, hits, hit_bytes):
    """Count requests by their distance in bytes: of contents asked for since, and their own.

    Parameters
    ----------
    contents, sizes, last, words, state
        As for ``count_contents``. A content has the size of its latest request.
    tree : ndarray
        As for ``count_contents``, of the bytes of each word.
    weights : ndarray of int64, shape (n_positions,)
        The size of the content that has a position, 0 where none has.
    edges : ndarray of int64, shape (n_edges,)
        Ascending distances.
    hits, hit_bytes : ndarray of int64, shape (n_edges + 1,)
        Requests, and their bytes, by the first edge that is no less than their distance.
    """
    n = len(contents)
    now, live, held = state[NOW], state[LIVE], state[HELD]
    for i in range(n):
        if i + _AHEAD < n:
            prefetch(last, contents[i + _AHEAD])
        if now >> 6 == len(words):
            now = close_ranks(last, words, tree, weights)
        content = contents[i]
        before = np.int64(last[content]) - 1
        word = now >> 6
        if before < 0:
            live += 1
        else:
            there = before >> 6
            distance = np.int64(0)
            for position in range(before, min((there + 1) << 6, now)):
                distance += weights[position]
            if there < word:
                distance += held - _sum_up_to(tree, there)
                _add(tree, there, -weights[before])
            held -= weights[before]
            words[there] &= ~(np.int64(1) << (before & 63))
            weights[before] = 0
            place = _first_edge(edges, distance)
            hits[place] += 1
            hit_bytes[place] += sizes[i]
        words[word] |= np.int64(1) << (now & 63)
        weights[now] = sizes[i]
        held += sizes[i]
        last[content] = now + 1
        now += 1
        if now & 63 == 0:
            total = np.int64(0)
            for position in range(word << 6, now):
                total += weights[position]
            _add(tree, word, total)
    state[NOW], state[LIVE], state[HELD] = now, live, held


def _sum_up_to(tree, word):
    """Return the sum over all words up to one, itself included."""
    total = np.int64(0)
    node = word + 1
    while node > 0:
        total += tree[node]
        node &= node - 1
    return total


def _add(tree, word, value):
    """Add to what a word has."""
    node = word + 1
    while node < len(tree):
        tree[node] += value
        node += node & -node


def _first_edge(edges, distance):
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) >> 1
        if edges[middle] < distance:
            low = middle + 1
        else:
            high = middle
    return low


def close_ranks(last, words, tree, weights):
    """Give contents the first positions, in the same order; return the first one that is free.

    Parameters
    ----------
    last, words, tree : ndarray
        As above; the tree is made anew, and may be of another size than before.
    weights : ndarray of int64, shape (n_positions,) or (0,)
        As for ``count_bytes``, if bytes are counted.
    """
    if len(weights) == 0:
        return _close_positions(last, words, tree)
    _close_weights(words, weights)
    now = _close_positions(last, words, tree)
    _sum_weights(tree, weights, now)
    return now


def _close_positions(last, words, tree):
    """Give contents the first positions, in the same order; return the first one that is free."""
    live = np.int64(0)
    for word in range(len(words)):
        tree[word] = live
        live += popcount(words[word])
    for content in range(len(last)):
        before = np.int64(last[content]) - 1
        if before >= 0:
            below = words[before >> 6] & ((np.int64(1) << (before & 63)) - 1)
            last[content] = tree[before >> 6] + popcount(below) + 1
    words[:] = 0
    words[: live >> 6] = -1
    if live & 63:
        words[live >> 6] = (np.int64(1) << (live & 63)) - 1
    _make_tree(words, tree, live >> 6)
    return live


def _make_tree(words, tree, n_full):
    """Have the tree hold the first words, all bits of which are set."""
    tree[:] = 0
    for word in range(n_full):
        tree[word + 1] = 64
    _sum_children(tree)


def _sum_children(tree):
    for node in range(1, len(tree)):
        parent = node + (node & -node)
        if parent < len(tree):
            tree[parent] += tree[node]


def _close_weights(words, weights):
    """Give the sizes of contents the first positions, in the same order."""
    live = np.int64(0)
    for position in range(len(weights)):
        if (words[position >> 6] >> (position & 63)) & 1:
            weights[live] = weights[position]
            live += 1
    weights[live:] = 0


def _sum_weights(tree, weights, now):
    """Have the tree hold the sizes at all positions of full words."""
    tree[:] = 0
    for word in range(now >> 6):
        total = np.int64(0)
        for position in range(word << 6, (word + 1) << 6):
            total += weights[position]
        tree[word + 1] = total
    _sum_children(tree)
