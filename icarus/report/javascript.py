"""The JavaScript of Vega-Lite, as a page embeds it: made once, then kept beside compiled code.

Bundling it takes vl-convert some 5 s of one core; reading what was kept takes a millisecond.
"""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from importlib.metadata import version
from importlib.resources import files

from icarus.core.partial import replaced
from icarus.core.users_cache import users_cache
from icarus.results.exporting import missing_extra

__all__ = ["asset", "digest_of", "harmless", "vega_bundle"]

_PACKAGE = "vl-convert-python"


def vega_bundle() -> str:
    """Return the script that defines ``vegaEmbed``, with nothing in it that ends a script.

    Raises
    ------
    ResultsError
        If the extra that it comes from is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise missing_extra("pages with charts need vl-convert", "report") from error
    folder = users_cache()
    kept = None if folder is None else folder / f"vega-{version(_PACKAGE)}.js"
    if kept is not None:
        with suppress(OSError, UnicodeDecodeError):
            proof, _, text = kept.read_text(encoding="utf-8").partition("\n")
            if proof == f"//{digest_of(text)}":
                return text
    text = harmless(vl_convert.javascript_bundle())  # type: ignore[call-arg]  # its stub is wrong
    if kept is not None:
        # A cache that cannot be written is no reason to fail.
        with suppress(OSError), replaced(kept) as file:
            file.write(f"//{digest_of(text)}\n{text}".encode())
    return text


def harmless(script: str) -> str:
    """Return a script that means the same and can stand between the tags of one."""
    return re.sub(r"<(?=/script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def asset(name: str) -> str:
    """Return a text of ours that pages are made of."""
    return files("icarus.report").joinpath("assets", name).read_text(encoding="utf-8")


def digest_of(script: str) -> str:
    """Return the hash of a script, as a Content-Security-Policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
