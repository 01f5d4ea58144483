"""Benchmarks: speed and memory of both engines, beside peers that are measured in the same run.

Each subject is a module with a function ``measure`` that yields rows of figures; ``measuring``
has what they share. Nothing here is imported by Icarus.
"""
