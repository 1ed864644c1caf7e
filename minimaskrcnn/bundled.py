"""Files of the repository that come with the package, such as the sources of the notebooks.

In a checkout they lie beside the package, where people look for them. In a wheel they lie inside it, under
`_bundled/`, at the same relative path; setup.py puts them there.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def bundled(path: str) -> Path:
    """Return where a folder or file of the repository is: in the installed package, or in the checkout.

    Parameters
    ----------
    path : str
        Its path in the repository.

    Raises
    ------
    FileNotFoundError
        If it came with neither.

    Examples
    --------
    >>> bundled("notebooks/src").name
    'src'
    """
    for root in (PACKAGE / "_bundled", PACKAGE.parent):
        if (root / path).exists():
            return root / path
    raise FileNotFoundError(f"{path} did not come with this installation; install the package again.")
