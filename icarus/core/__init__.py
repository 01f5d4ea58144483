"""What every other part may use and what uses none of them.

``kinds``: the kinds of components that experiments name. ``values``: values of settings, held
against types. ``machine``: the processors and the memory that this process may use.
``plaintext``: the one way in which text goes to terminals, logs and figures.
"""
