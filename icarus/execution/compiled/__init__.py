"""The compiled engine: the same simulation, with all that is done per request in kernels.

``choice`` says which experiments it can run, ``engine`` runs them, ``tables`` has what kernels
work on, and ``measured`` what they counted. Only ``choice`` is imported without the compiler.
"""
