"""The exception tree, at the lowest layer that meets a user's files.

NetmodelError                   one line that says what was wrong, where, and what to do
|-- InputError (ValueError)     a value that the user gave
|   `-- GridMismatchError       rasters that do not align
|-- DataError                   a file that cannot be read or written
`-- InfeasibleError             a demand that no choice can meet
"""


class NetmodelError(Exception):
    """Any error that a user can mend; the command line prints it as one line."""


class InputError(NetmodelError, ValueError):
    """A value outside what is accepted."""


class GridMismatchError(InputError):
    """Rasters of different grids where one grid is needed."""


class DataError(NetmodelError):
    """A file that cannot be read or written."""


class InfeasibleError(NetmodelError):
    """Totals that do not fit under the stated caps."""
