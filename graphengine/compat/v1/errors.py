"""Errors by TensorFlow's names and numbers."""
from __future__ import annotations

import graphengine.errors as _today

from ...errors import InvalidArgumentError as _InvalidArgumentError
from ...errors import OpError as _OpError
from ...frontend.surface import refusing as _refusing

_KINDS = {cls.error_code: cls for cls in (
    _today.CancelledError, _today.UnknownError, _today.InvalidArgumentError, _today.DeadlineExceededError,
    _today.NotFoundError, _today.AlreadyExistsError, _today.PermissionDeniedError, _today.ResourceExhaustedError,
    _today.FailedPreconditionError, _today.AbortedError, _today.OutOfRangeError, _today.UnimplementedError,
    _today.InternalError, _today.UnavailableError, _today.DataLossError, _today.UnauthenticatedError)}


def exception_type_from_error_code(error_code: int) -> type[_OpError]:
    """The class of errors of a number.

    Raises
    ------
    InvalidArgumentError for another number.
    """
    if error_code not in _KINDS:
        raise _InvalidArgumentError(f"{error_code} is no number of an error", op="exception_type_from_error_code")
    return _KINDS[error_code]


def error_code_from_exception_type(cls: type[_OpError]) -> int:
    """The number of a class of errors; that of UnknownError for any other class."""
    return int(getattr(cls, "error_code", _today.UNKNOWN))


globals().update({name: value for name, value in vars(_today).items() if name[0].isupper()})
__all__ = sorted(name for name in globals() if not name.startswith("_") and name != "annotations")
__getattr__ = _refusing(__name__, lambda: __all__)
