"""Metering: what jobs use of the machine, in all and over time.

``Meter`` meters a process and all that it starts: totals by the kernel's accounting, samples in a
file that ``read_samples`` reads. ``ResourceMetrics`` is what the setting ``RESOURCE_METRICS`` says,
and ``RESOURCES`` the group of results in which totals are.
"""

from icarus.metering.group import (
    RESOURCES,
    groups_of,
    is_resource,
    resource_label,
    resources_together,
    shown_unasked,
    without_resources,
)
from icarus.metering.meter import INTERVAL, SHARE, Meter
from icarus.metering.samples import Samples, read_samples
from icarus.metering.setting import KEYS, ResourceMetrics
from icarus.metering.usage import Totals, Usage

__all__ = [
    "INTERVAL",
    "KEYS",
    "RESOURCES",
    "SHARE",
    "Meter",
    "ResourceMetrics",
    "Samples",
    "Totals",
    "Usage",
    "groups_of",
    "is_resource",
    "read_samples",
    "resource_label",
    "resources_together",
    "shown_unasked",
    "without_resources",
]
