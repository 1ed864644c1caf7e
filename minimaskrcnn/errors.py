"""The one exception a user is meant to read: a sentence that names the thing and the fix."""


def printable(text: str) -> str:
    r"""Replace the characters of `text` that control a terminal, or cannot be shown, by their escapes.

    Names may come from other people's files. A line break in a name would begin a new line, an escape code
    would colour the terminal, and half a surrogate pair cannot be printed at all.

    Examples
    --------
    >>> print(printable("cell\n\x1b[31m"))
    cell\n\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class InputError(ValueError):
    """An argument or a file cannot be used.

    The message is one clear sentence: it names the thing, and says what was found, what was expected, and
    what the likely fix is. It is one `printable` line, whatever names it contains. The command line prints
    it without a traceback and exits with code 2.
    """

    def __init__(self, sentence: str):
        super().__init__(printable(sentence))


class TrainingDivergedError(RuntimeError):
    """A loss became NaN or infinite; the message names the term, the step and the likely cause."""
