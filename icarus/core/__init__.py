"""What every other part may use and what uses none of them.

``plaintext``: the one way in which text goes to terminals, logs, tables and figures.
"""
