"""Look for inputs that break what must hold for all inputs, for as long as told.

``python -m scripts.fuzz --minutes 10`` runs the property tests marked ``fuzz`` over and over, each
round with other examples and many more of them than the suite tries. It ends with 1 when a round
has failed; what Hypothesis found is printed, and kept in ``.hypothesis`` for the next run.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time

__all__ = ["fuzz", "main"]


def fuzz(minutes: float, arguments: list[str]) -> int:
    """Fuzz until the time is over or a property fails.

    Parameters
    ----------
    minutes : float
    arguments : list of str
        Further arguments for pytest, such as the tests to run or ``-k``.

    Returns
    -------
    int
        0 if nothing was found, else the exit code of pytest.
    """
    end = time.monotonic() + 60 * minutes
    rounds = 0
    while (left := end - time.monotonic()) > 0:
        seed = secrets.randbits(32)
        command = [
            *(sys.executable, "-m", "pytest", "-q", "-n", "auto", "-m", "fuzz", "--no-header"),
            *("--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}"),
            *(arguments or ["tests"]),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                output, _ = process.communicate(timeout=left)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.communicate()
                break
        if process.returncode != 0:
            print(output)
            print(f"found with --hypothesis-seed={seed}")
            return process.returncode
        rounds += 1
        print(f"round {rounds}: {output.splitlines()[-1]}", flush=True)
    print(f"{rounds} rounds; nothing found")
    return 0


def main() -> None:
    """Fuzz as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("pytest", nargs="*", help="tests to run, and other arguments for pytest")
    options = parser.parse_args()
    sys.exit(fuzz(options.minutes, options.pytest))


if __name__ == "__main__":
    main()
