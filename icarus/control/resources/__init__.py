"""Resources that are built in.

``process`` has processes of the system: ``running_process`` is one of them, ``readiness`` and
``signals`` what is looked for in its output. ``simulation`` has simulations that are steered,
``request_trace`` traces of requests.
"""

from icarus.control.resources.process import Process
from icarus.control.resources.request_trace import RequestTrace
from icarus.control.resources.simulation import Simulation

__all__ = ["Process", "RequestTrace", "Simulation"]
