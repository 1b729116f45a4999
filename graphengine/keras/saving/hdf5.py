"""Variables in HDF5: for each path a group ``PATH/vars`` with datasets ``0``, ``1`` ... and the object's name.

Links, and datasets whose numbers are elsewhere or not there at all, are refused: a file holds its own numbers.
"""
from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import ml_dtypes
import numpy as np

from ...errors import FileFormatError
from ...io.files import LARGEST_PLAIN_BYTES, MOST_EXPANSION, brief

Array = np.ndarray[Any, Any]
Group = dict[str, Array]

BFLOAT16 = "bfloat16"


def groups_bytes(groups: Mapping[str, tuple[str | None, Mapping[str, Any]]]) -> bytes:
    """An HDF5 file of the name and the arrays of each path."""
    import h5py  # only who saves pays for it

    buffer = io.BytesIO()
    with h5py.File(buffer, "w", track_order=False) as file:
        for path, (name, arrays) in groups.items():
            if name is None and not arrays:
                continue
            group = file.create_group(f"{path}/vars" if path else "vars")
            if name is not None:
                group.attrs["name"] = name
            for key, value in arrays.items():
                array = np.asarray(value)
                is_brain = array.dtype == ml_dtypes.bfloat16
                data = group.create_dataset(key, data=array.astype(np.float32) if is_brain else array)
                if is_brain:
                    data.attrs["dtype"] = BFLOAT16
    return buffer.getvalue()


class Groups:
    """The groups of an HDF5 file.

    Parameters
    ----------
    data : its bytes
    file : its name, for errors

    Raises
    ------
    FileFormatError if it is none, or holds what it may not.
    """

    def __init__(self, data: bytes, file: str) -> None:
        import h5py

        self.at = file
        self._bytes = 0                     # of datasets that are much larger than what is stored of them
        try:
            self._file = h5py.File(io.BytesIO(data), "r")
        except OSError as error:
            raise FileFormatError(f"the file is no whole HDF5 file: {error}", at=file,
                                  fix="restore it from a copy") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.close()

    def __getitem__(self, path: str) -> Group:
        """The arrays of a path, by their numbers; none if it is not there."""
        import h5py

        found: Any = self._file
        for part in [*(path.split("/") if path else ()), "vars"]:
            found = self._member(found, part)
            if found is None:
                return {}
            if not isinstance(found, h5py.Group):
                self._refuse(f"{brief(path)} is no group")
        return {key: self._array(found, key) for key in sorted(found, key=lambda k: (len(k), k))}

    def paths(self) -> Iterator[str]:
        """Paths of all groups that hold arrays."""
        yield from self._paths(self._file, "", ())

    def _paths(self, group: Any, path: str, around: tuple[Any, ...]) -> Iterator[str]:
        import h5py

        if any(group == other for other in around):
            self._refuse(f"{brief(path)} is a group around itself")
        for key in group:
            member = self._member(group, key)
            if isinstance(member, h5py.Group):
                if key == "vars" and len(member):
                    yield path
                yield from self._paths(member, f"{path}/{key}" if path else key, (*around, group))

    def _member(self, group: Any, key: str) -> Any:
        import h5py

        link = group.get(key, getlink=True)
        if link is not None and not isinstance(link, h5py.HardLink):
            self._refuse(f"{brief(key)} is a link to elsewhere")
        return None if link is None else group[key]

    def _array(self, group: Any, key: str) -> Array:
        import h5py

        data = self._member(group, key)
        if not isinstance(data, h5py.Dataset) or data.shape is None or data.dtype.kind not in "biufV":
            self._refuse(f"{brief(key)} is no array of numbers")
        if data.external or data.is_virtual:
            self._refuse(f"the numbers of {brief(key)} are in another file")
        size = math.prod(data.shape) * data.dtype.itemsize
        self._bytes += size if size > MOST_EXPANSION * data.id.get_storage_size() else 0
        if self._bytes > LARGEST_PLAIN_BYTES:
            self._refuse(f"{brief(key)} says that it has {size:,} bytes, of which {data.id.get_storage_size():,} are "
                         "there")
        array = np.asarray(data[()])
        if data.attrs.get("dtype") == BFLOAT16:
            return array.view(ml_dtypes.bfloat16) if array.dtype.kind == "V" else array.astype(ml_dtypes.bfloat16)
        if array.dtype.kind == "V":
            self._refuse(f"{brief(key)} is {array.dtype}, which is no number")
        return array

    def _refuse(self, problem: str) -> Any:
        raise FileFormatError(problem, at=self.at, fix="do not use this file")
