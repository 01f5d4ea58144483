"""``icarus.traces.statistics``, under the name that Icarus 0.8 has it by."""

from icarus.traces.statistics import *  # noqa: F403
from icarus.traces.statistics import __all__ as __all__
