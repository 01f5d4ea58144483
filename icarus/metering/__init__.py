"""Metering: what this process and all that it starts use of the machine, in all and over time.

``Meter`` has totals by the kernel's accounting, and writes samples to a file that ``read_samples``
reads. ``RESOURCES`` is the group of a job's results that has its totals.
"""

from icarus.metering.group import RESOURCES, without_resources
from icarus.metering.meter import Meter
from icarus.metering.samples import Samples, read_samples
from icarus.metering.usage import Totals, Usage

__all__ = [
    "RESOURCES",
    "Meter",
    "Samples",
    "Totals",
    "Usage",
    "read_samples",
    "without_resources",
]
