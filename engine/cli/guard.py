"""Errors as the shell sees them: one line on stderr and the error's exit code; the traceback only with `--debug`."""

import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from engine.cli import screen
from engine.errors import EngineError

Context = Any  # typer's own, of a module that it does not publish


class Guarded(TyperGroup):
    """A group of commands that may raise EngineError."""

    def invoke(self, ctx: Context) -> object:
        """Runs the chosen command; an EngineError ends the process with its exit code."""
        try:
            result: object = super().invoke(ctx)
        except EngineError as error:
            if ctx.params.get("debug"):
                screen.warn(traceback.format_exc().rstrip())
            screen.warn(f"guerdon: {error}")
            raise typer.Exit(error.exit_code) from error
        return result
