"""The miss-ratio curves of ``icarus.curves``, beside the other tools for traces."""

from icarus.curves import *  # noqa: F403
from icarus.curves import __all__ as __all__
