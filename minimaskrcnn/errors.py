"""The one exception a user is meant to read: a sentence that names the thing and the fix."""


class InputError(ValueError):
    """Something the caller handed in cannot be used.

    The message is one clear sentence: the thing, what was found, what was expected, and the likely fix.
    The command line prints it without a traceback and exits with code 2.
    """


class TrainingDivergedError(RuntimeError):
    """A loss became NaN or infinite; the message names the term, the step and the likely cause."""
