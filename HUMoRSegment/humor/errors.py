"""The exceptions users can meet.

Every message names the file and what to do about it.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_CANNOT_SEGMENT = 1
EXIT_WRONG_USAGE = 2
EXIT_CANCELLED = 130  # what shells report for Ctrl-C


class HumorError(Exception):
    """Base of all expected failures; ``exit_code`` is what the command line ends with."""

    exit_code = EXIT_CANNOT_SEGMENT


class InputError(HumorError):
    """An image or a study cannot be segmented as it is."""


class BundleError(HumorError):
    """A model bundle is missing, damaged, or does not fit its own description."""


class DeviceError(HumorError):
    """The wanted device is not there, or too small even after every fallback."""


class MemoryShortage(HumorError):
    """Main memory ran out where nothing smaller can be tried."""


class OutputError(HumorError):
    """Results cannot be written where they were wanted."""


class UserFileError(OutputError):
    """A file of the user's lies where a result would go; it is kept."""


class UsageError(HumorError):
    """The call itself is wrong: unknown option, no sequence, contradicting choices."""

    exit_code = EXIT_WRONG_USAGE


class Cancelled(HumorError):
    """The user cancelled; nothing half written is left."""

    exit_code = EXIT_CANCELLED
