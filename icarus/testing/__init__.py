"""The laws of policies, strategies, collectors and workloads, as test classes to inherit.

``policy_laws``, ``strategy_laws``, ``collector_laws`` and ``workload_laws`` have one class each; a
test class that inherits it and names a component has a test for each law. They need pytest and
Hypothesis, which nothing else in Icarus does.
"""

from icarus.testing._requirements import check_requirements

check_requirements()

from icarus.testing.collector_laws import CollectorLaws  # noqa: E402 - what they need comes first
from icarus.testing.policy_laws import PolicyLaws  # noqa: E402
from icarus.testing.strategy_laws import StrategyLaws  # noqa: E402
from icarus.testing.workload_laws import WorkloadLaws  # noqa: E402

__all__ = ["CollectorLaws", "PolicyLaws", "StrategyLaws", "WorkloadLaws"]
