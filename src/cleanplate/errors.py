"""Errors that a user can mend. Each says what was wrong, where, and what to do."""


class CleanplateError(Exception):
    """Base of all errors a user can mend; the command line prints it as one line and exits with 2."""


class ConfigError(CleanplateError):
    """A configuration value is missing, unknown or out of range. Names the key, the value and the choices."""


class DataError(CleanplateError):
    """A file or folder is missing, broken or of the wrong kind. Names the file."""


class ModelError(CleanplateError):
    """A model was asked for something it cannot do: unknown name, not fitted, wrong frame, foreign checkpoint."""


def first_line(error: BaseException) -> str:
    """Returns the first line of another library's error message, cut to 160 characters; its type if it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160]
