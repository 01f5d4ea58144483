"""Kernels of the strategies; each module registers its own when it is imported."""

from icarus.kernels.strategies import _hashclusters as _hashclusters
from icarus.kernels.strategies import _hashlocal as _hashlocal
from icarus.kernels.strategies import base as base
from icarus.kernels.strategies import hashrouting as hashrouting
from icarus.kernels.strategies import offpath as offpath
from icarus.kernels.strategies import onpath as onpath
