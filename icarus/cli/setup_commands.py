"""``icarus init`` and ``icarus completion``: what one does once, after installing."""

from __future__ import annotations

from pathlib import Path

import click

from icarus.cli.common import PATH, command, echo, main

__all__: list[str] = []


@main.command()
@click.argument("directory", metavar="[DIR]", type=PATH, default=".")
@click.option("--overwrite", is_flag=True, help="Replace examples that are there already.")
@command
def init(directory: Path, overwrite: bool) -> None:
    """Copy the examples into DIR/config, to run them and to start your own from.

    DIR is made if it is not there; without it this is the working directory. All pages of the
    manual name the examples by their place in it, as in config/quickstart.py.
    """
    from icarus.core.examples import copy_examples

    files = copy_examples(directory, overwrite=overwrite)
    for file in files:
        echo(file)
    echo(f"{len(files)} files. To go on:")
    if directory != Path():
        echo(f"  cd {directory}")
    echo("  icarus run config/quickstart.py")
    echo("  icarus plot results/quickstart.pickle")


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@command
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, components and files.

    \b
    eval "$(icarus completion bash)"                     in ~/.bashrc
    eval "$(icarus completion zsh)"                      in ~/.zshrc, after compinit
    icarus completion fish > ~/.config/fish/completions/icarus.fish
    """
    from icarus.cli.completing import script

    echo(script(shell))
