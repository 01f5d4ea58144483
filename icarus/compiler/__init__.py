"""How kernels are compiled (``jit``) and their code kept on disk (``storage``), and what all need.

That is to have memory fetched (``prefetch``), hash tables, mixing of hashes, Zipf draws, and where
traces have contents next.
"""
