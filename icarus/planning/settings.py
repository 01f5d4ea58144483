"""The settings that the framework itself reads: their types, defaults and meanings."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le

from icarus.core.values import check_value, conform, shown
from icarus.errors import nearest, suggestion
from icarus.metering.setting import KEYS
from icarus.planning.user_functions import HOOK_NAMES
from icarus.registry import Registry
from icarus.util import Settings, literal

__all__ = [
    "DEFAULTS",
    "GENERAL_SETTINGS",
    "GeneralSetting",
    "check_setting",
    "fill_defaults",
    "general_setting",
]

logger = logging.getLogger("settings")


@dataclass(frozen=True)
class GeneralSetting:
    """A setting that the framework itself reads."""

    annotation: Any
    """Its type, with constraints."""
    default: Any
    meaning: str
    meant: Callable[[Any], bool] | None = None
    """Whether a value can be meant for it, right or wrong, where Icarus 0.8 had no such setting:
    the name may be one of the user's own."""


def _number(value: Any) -> bool:
    value = literal(value) if isinstance(value, str) else value
    return isinstance(value, int | float | np.number | np.bool_)


def _one_of(*known: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and nearest(value, known) is not None


def _hooks(value: Any) -> bool:
    given = value if isinstance(value, list | tuple) else [value]
    return any(map(callable, given)) or _with_keys(*HOOK_NAMES)(value)


def _with_keys(*known: str) -> Callable[[Any], bool]:
    """Return whether a value is a mapping that has one of these keys, or nearly."""

    def judge(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return False
        keys = list(value.keys())
        return not keys or any(nearest(str(key), known) is not None for key in keys)

    return judge


_LONGEST = 10 * 365 * 24 * 3600.0
"""Seconds that a time limit may last, which keeps infinity and its like away from timers."""
_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]

GENERAL_SETTINGS: dict[str, GeneralSetting] = {
    "EXPERIMENT_QUEUE": GeneralSetting(Any, None, "the experiments: an iterable of trees"),
    "DATA_COLLECTORS": GeneralSetting(
        Any, _COLLECTORS, "what is measured: collector names, or a mapping of name to options"
    ),
    "N_REPLICATIONS": GeneralSetting(
        Annotated[int, Ge(1)], 1, "how often each experiment is run, each time on other requests"
    ),
    "REPLICATIONS": GeneralSetting(
        Any,
        None,
        "in place of N_REPLICATIONS: a number, or how precise results are to be",
        lambda value: _number(value) or _with_keys("min", "max", "until")(value),
    ),
    "SEED": GeneralSetting(
        Annotated[int, Ge(0)], 1, "what all random streams are derived from", _number
    ),
    "PARALLEL_EXECUTION": GeneralSetting(
        bool, False, "use a pool of processes; by default where N_PROCESSES is above 1"
    ),
    "N_PROCESSES": GeneralSetting(
        Annotated[int, Ge(1)] | None, None, "processes of the pool; by default one per core"
    ),
    "START_METHOD": GeneralSetting(
        Literal["fork", "forkserver", "spawn"] | None,
        None,
        "how processes of the pool are started; by default as Python does on this system",
    ),
    "ENGINE": GeneralSetting(
        Literal["auto", "python", "compiled"],
        "auto",
        "what runs simulations: the compiled engine where all parts have kernels, or one of both",
        _one_of("auto", "python", "compiled"),
    ),
    "JOB_TIMEOUT": GeneralSetting(
        Annotated[float, Gt(0), Le(_LONGEST)] | None,
        None,
        "seconds that a job may run for",
    ),
    "STALL_TIMEOUT": GeneralSetting(
        Annotated[float, Gt(0), Le(_LONGEST)] | None,
        None,
        "seconds that a job may go without processing requests",
    ),
    "MEMORY_LIMIT": GeneralSetting(
        Any,
        None,
        "memory that a process of the pool may use: bytes, or a text such as '4 GB'",
    ),
    "MAX_RETRIES": GeneralSetting(
        Annotated[int, Ge(0)],
        0,
        "how often a job that raised or lost its worker is started again",
    ),
    "MAX_FAILURES": GeneralSetting(
        Annotated[int, Ge(1)] | None,
        None,
        "failed jobs after which no more are started",
    ),
    "CHECKPOINT_EVERY": GeneralSetting(
        Any,
        None,
        "how often a simulation puts its state aside, to go on from after a crash: a duration such "
        "as '5m', or 'never'; by default every 5 minutes after the first 10",
    ),
    "SHARE_PREFIXES": GeneralSetting(
        bool,
        True,
        "run once what experiments have in common that differ only in later events of their "
        "timelines",
    ),
    "RESOURCE_METRICS": GeneralSetting(
        Any,
        False,
        "meter what each job uses: True, or how, such as {'interval': 0.1, 'machine': True}",
        lambda value: _number(value) or _with_keys(*KEYS)(value),
    ),
    "VETO": GeneralSetting(
        Any,
        None,
        "called with each experiment; a reason or True excludes it from the campaign",
        callable,
    ),
    "HOOKS": GeneralSetting(Any, None, "functions to call as the campaign goes on", _hooks),
    "STRICT": GeneralSetting(bool, False, "make errors of warnings about the settings"),
    "RESULTS_FORMAT": GeneralSetting(str, "PICKLE", "name of the results writer"),
    "LOG_LEVEL": GeneralSetting(
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], "INFO", "least level logged"
    ),
}
"""The settings that the framework reads; a settings module may have any others beside them."""

DEFAULTS: dict[str, Any] = {
    name: setting.default
    for name, setting in GENERAL_SETTINGS.items()
    if name != "EXPERIMENT_QUEUE"
}


def check_setting(name: str, value: Any) -> list[str]:
    """Return what is wrong with the value of a general setting, going by its type."""
    if name == "LOG_LEVEL" and isinstance(value, str):
        value = value.upper()
    return check_value(GENERAL_SETTINGS[name].annotation, value)


def fill_defaults(settings: Settings) -> None:
    """Complete the general settings.

    Each that is missing gets its default. Values get the types that they are read as: 2.0 is a
    number of processes. One that cannot be meant for a setting which Icarus 0.8 did not have
    is taken for the user's own, and its default is used. Who asks for several processes and does
    not say whether they are to be used gets them. What looks odd is added to
    ``settings.warnings``.
    """
    odd = settings.warnings
    pool_by_default = "PARALLEL_EXECUTION" not in settings
    for name in DEFAULTS:
        if _is_the_users_own(settings, name):
            odd.append(
                f"{name}: this name has a meaning now ({GENERAL_SETTINGS[name].meaning}), which "
                f"{shown(settings[name])} cannot be meant for; it is taken for a name of your "
                f"own, and {DEFAULTS[name]!r} is used"
            )
            settings[name] = copy.deepcopy(DEFAULTS[name])
    replicated = "REPLICATIONS" in settings and settings["REPLICATIONS"] is not None
    for name, default in DEFAULTS.items():
        if name in settings:
            value, problems = conform(GENERAL_SETTINGS[name].annotation, settings[name])
            if not problems:
                settings[name] = value
        elif not (name == "N_REPLICATIONS" and replicated):
            settings[name] = copy.deepcopy(default)
            logger.debug("%s is not set; it is %r", name, default)
    number = settings["N_PROCESSES"]
    if pool_by_default and isinstance(number, int) and number > 1:
        settings["PARALLEL_EXECUTION"] = True
    # A settings module may import the registries, some of which are called much like a setting.
    near_misses = [
        name
        for name in settings.names()
        if name not in GENERAL_SETTINGS and not isinstance(settings[name], Registry)
    ]
    for name in near_misses:
        close = nearest(name, DEFAULTS)
        if close is not None and _differ_by_little(name, close):
            odd.append(f"{name} is not a setting that Icarus reads; {suggestion(name, DEFAULTS)}")
    odd[:] = dict.fromkeys(odd)


def general_setting(settings: Any, name: str) -> Any:
    """Return the value of a general setting; its default if it is missing or the user's own."""
    # Whatever has attributes will do, as scripts of Icarus 0.8 may have it.
    if not isinstance(settings, Settings):
        settings = _as_settings(vars(settings))
    if name not in settings or _is_the_users_own(settings, name):
        return copy.deepcopy(DEFAULTS[name])
    return conform(GENERAL_SETTINGS[name].annotation, settings[name])[0]


def _as_settings(values: Mapping[str, Any]) -> Settings:
    settings = Settings()
    for name, value in values.items():
        settings[name] = value
    return settings


def _is_the_users_own(settings: Settings, name: str) -> bool:
    """Whether a general setting's name was used for something that Icarus knows nothing of."""
    if name not in settings:
        return False
    meant = GENERAL_SETTINGS[name].meant
    value = settings[name]
    overridden = settings.source is not None and name in settings.source.overrides
    return meant is not None and value is not None and not overridden and not meant(value)


def _differ_by_little(a: str, b: str) -> bool:
    """Whether two names can only be a slip apart, such as a plural or swapped letters."""
    return sorted(a.strip("_S")) == sorted(b.strip("_S"))
