"""Cases: steps on resources, done one after another, measured and repeated.

``case_task`` is the kind of jobs, ``steps`` does the steps of one run and ``checks`` says what is
wrong with them before. ``tables`` has the statistics over runs, ``executor`` the face for programs.
What files may say, and how folders are read, is in ``icarus.design`` and ``icarus.planning``.
"""

from icarus.cases.executor import Executor, discover
from icarus.cases.tables import write_tables

__all__ = ["Executor", "discover", "write_tables"]
