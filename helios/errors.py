"""The errors that Helios raises on purpose.

Each message is one line that names the file, the row, the value, the limit and the remedy, where they apply. The
command line prints it and exits with 1. Any other exception is a defect and keeps its traceback.
"""


class HeliosError(Exception):
    """Base class of the errors that a user can cause and put right."""


class InputError(HeliosError, ValueError):
    """A file, a row, an option or a value that cannot be used."""


class StoreError(HeliosError, RuntimeError):
    """A universe or pack that is damaged or unfinished, or written in a version that this program does not read."""


class BackendError(HeliosError, RuntimeError):
    """A rasteriser or device that was asked for and is not available."""


class WorkerError(HeliosError, RuntimeError):
    """A cluster that cannot be used, or a piece of work during which every worker died."""


class ArchiveError(HeliosError, RuntimeError):
    """An archive that cannot be reached, refuses a query, or answers it wrongly."""
