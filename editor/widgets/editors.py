"""The editor of a field, by the form that the field has."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from editor.model.catalog import Field

from .array_field import ArrayEditor
from .fields import (
    BoolEditor,
    ChoiceEditor,
    DtypeEditor,
    FieldEditor,
    FileEditor,
    JsonEditor,
    NumberEditor,
    RegionEditor,
    TextEditor,
)


def editor_for(field: Field, arrays: Mapping[str, Any], folder: Callable[[], str] = lambda: "") -> FieldEditor:
    """The editor of a field by its form.

    Parameters
    ----------
    arrays : the document's large arrays
    folder : what paths are relative to
    """
    if field.form == "array":
        return ArrayEditor(field, arrays)
    if field.form == "file":
        return FileEditor(field, folder)
    if field.form == "bool" and field.optional:
        return ChoiceEditor(field, [True, False])
    makers: dict[str, Callable[[Field], FieldEditor]] = {
        "bool": BoolEditor, "int": NumberEditor, "float": NumberEditor, "choice": ChoiceEditor, "dtype": DtypeEditor,
        "json": JsonEditor, "region": RegionEditor}
    return makers.get(field.form, TextEditor)(field)
