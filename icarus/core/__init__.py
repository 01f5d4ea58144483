"""What every other part may use and what uses none of them.

``kinds`` has the kinds of components that experiments name, ``signatures`` the parameters they
take, ``section_checks`` holds what settings give them against these, ``values`` against types.
``random_streams`` and ``randomness`` say where random numbers come from. ``hashing``,
``meaning``, ``plain_values`` and ``code_reading`` tell what means the same from what does not.
``terminal`` and ``console`` are the only ways of text to a terminal; ``plaintext`` and
``logformat``, which make it plain, lie beside ``errors``, which needs them. ``machine`` and
``system`` tell what processors, memory and processes there are; ``memoryfile`` and ``partial`` are
files shared between processes and files written in one step.
"""
