"""Telling the processor what memory will be needed soon.

A request touches a few places at random in tables that are larger than the processor's caches.
Which ones is known some requests ahead, so that waiting for one can overlap with work on others.
"""

from __future__ import annotations

__all__ = ["prefetch"]


def prefetch(array, row):
    """Have a row of an array fetched into the processor's cache; interpreted, do nothing."""
