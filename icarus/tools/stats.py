"""``icarus.theory.distributions``, under the name that Icarus 0.8 has it by."""

from icarus.theory.distributions import *  # noqa: F403
from icarus.theory.distributions import __all__ as __all__
