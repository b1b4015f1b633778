"""The errors that Helios raises on purpose.

Each message is one line that names the file, the row, the value, the limit and the remedy, as far as they apply.
The command line prints it and exits with 1; any other exception is a defect and keeps its traceback.
"""


class HeliosError(Exception):
    """Base of every error that a user can cause and mend."""


class InputError(HeliosError, ValueError):
    """A file, a row, an option or a value that cannot be used."""


class StoreError(HeliosError, RuntimeError):
    """A universe or pack that is damaged, unfinished, or of a version this program does not read."""


class BackendError(HeliosError, RuntimeError):
    """A rasteriser or device that was asked for and is not there."""


class WorkerError(HeliosError, RuntimeError):
    """A cluster that cannot be worked with, or a piece of work that no worker lived through."""


class ArchiveError(HeliosError, RuntimeError):
    """An archive that cannot be reached, refuses what it is asked, or answers otherwise than it should."""
