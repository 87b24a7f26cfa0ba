"""Commands that a person may paste into a shell."""

__all__ = ["command_line"]


def command_line(command: str, *arguments: str) -> str:
    """Return a command of invplug with arguments that no shell, and no option, takes for something else."""
    from shlex import quote  # noqa: PLC0415 - only where something is left to do

    end = ["--"] if any(argument.startswith("-") for argument in arguments) else []
    return " ".join(["invplug", command, *end, *map(quote, arguments)])
