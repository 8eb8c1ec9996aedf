"""Why a tool gives up; the text is shown to whoever called it."""

from __future__ import annotations


class ToolError(Exception):
    """It cannot be done. Nothing is left half done. Exit status 1."""


class Misuse(ToolError):
    """It was asked for in a way that makes no sense. Exit status 2."""
