"""The one exception a user is meant to read: a sentence that names the thing and the fix."""


def printable(text: str) -> str:
    r"""Write the characters of `text` that steer a terminal, or that no terminal shows, as escapes.

    Names come from files of strangers: a line break in one would begin a new line, an escape code would
    colour the terminal, and half a surrogate pair cannot be printed at all.

    Examples
    --------
    >>> print(printable("cell\n\x1b[31m"))
    cell\n\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class InputError(ValueError):
    """Something the caller handed in cannot be used.

    The message is one clear sentence: the thing, what was found, what was expected, and the likely fix. It
    is one `printable` line, whatever the names in it. The command line prints it without a traceback and
    exits with code 2.
    """

    def __init__(self, sentence: str):
        super().__init__(printable(sentence))


class TrainingDivergedError(RuntimeError):
    """A loss became NaN or infinite; the message names the term, the step and the likely cause."""
