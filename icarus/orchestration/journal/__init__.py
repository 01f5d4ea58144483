"""The journal beside a results file: what happened in a campaign, committed as it happens.

``writer`` keeps it while a campaign runs, ``reader`` reads it in full and ``status`` at a glance;
``recovery`` opens damaged ones. ``schema`` says what is in it, ``encoding`` in what form.
Import what you need from these: to look at a journal little has to be loaded.
"""
