"""What every other part may use and what uses none of them.

``kinds`` has the kinds of components that experiments name, ``values`` holds values of settings
against types. ``plaintext`` makes text plain; ``terminal``, ``console`` and ``logformat`` are the
only ways for it to terminals and logs. ``machine`` and ``system`` tell what processors, memory and
processes there are; ``memoryfile`` and ``partial`` are files shared between processes and files
written in one step.
"""
