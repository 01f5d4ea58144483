"""What happens to a network while it is simulated: events at moments of simulated time.

``network_events`` has those that are built in, ``changing_network`` what they may do to a network,
``schedule`` when they are due, and ``checking`` what is wrong with a timeline before anything runs.
"""

from icarus.execution.timeline import network_events as network_events
from icarus.execution.timeline.changing_network import ChangingNetwork
from icarus.execution.timeline.checking import check_event, check_timeline
from icarus.execution.timeline.schedule import Schedule, TimelineEvent

__all__ = [
    "ChangingNetwork",
    "Schedule",
    "TimelineEvent",
    "check_event",
    "check_timeline",
]
