"""What pyproject.toml cannot say: a wheel contains folders that lie beside the package in the repository.

`minimaskrcnn.bundled` finds them in both places. Everything else is in pyproject.toml.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BUNDLED = ("notebooks/src/*.py", "docs/glossary.md", "docs/results/**/*.csv", "docs/results/**/*.md")


def bundled_files() -> list[str]:
    """The files that go along, as paths in the repository."""
    return sorted(path.as_posix() for pattern in BUNDLED for path in Path().glob(pattern))


class BuildWithBundledFiles(build_py):
    """Copy the package, and the bundled files into it; an editable package reads them where they are."""

    def run(self) -> None:
        """Fill the folder that becomes the wheel."""
        super().run()
        if not self.editable_mode:
            for path in bundled_files():
                target = Path(self.build_lib, "minimaskrcnn", "_bundled", path)
                self.mkpath(str(target.parent))
                self.copy_file(path, str(target))

    def get_source_files(self) -> list[str]:
        """What a source distribution needs, so that a wheel can be built from it."""
        return [*super().get_source_files(), *bundled_files()]


setup(cmdclass={"build_py": BuildWithBundledFiles})
