"""From a settings module or a sweep file to a plan, before anything runs.

``loading`` executes settings modules, ``sweep_settings`` has what sweep files say and
``sweep_schema`` their schema; ``settings`` knows the general ones. ``plan`` is what comes
of them: experiments that ``validation`` and ``fitting`` have checked, with ``limits``,
``replications`` and the ``user_functions`` that settings name. ``identity`` is what results are
recognised by.
"""
