"""The request loop and the strategies, as functions over arrays that are compiled.

``strategies`` has the kernels of strategies, ``kernel_registry`` says which belongs to which
class. ``path_table`` and ``sessions`` are what they share: shortest paths, and what is measured.
Policies are defined in ``icarus.policies``.
"""
