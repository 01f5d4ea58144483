"""The analytical models of ``icarus.theory``, under the name that Icarus 0.8 has them by."""

from icarus.theory import *  # noqa: F403
from icarus.theory import __all__ as __all__
from icarus.theory.che_of_policies import che_p_in_func as che_p_in_func
