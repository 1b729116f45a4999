"""A dict whose entries are attributes, too, and which can be frozen."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...errors import suggestion


class Config:
    """Settings of a program: set and read as attributes or as entries.

    Parameters
    ----------
    kwargs : the first entries

    Raises
    ------
    ValueError where a frozen one is changed; AttributeError for an attribute that there is not.

    Examples
    --------
    >>> from graphengine import keras
    >>> config = keras.utils.Config(rate=0.1)
    >>> config.seed = 3
    >>> config["seed"], config.to_json()
    (3, '{"rate": 0.1, "seed": 3}')
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(_config=kwargs, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether it cannot be changed."""
        return self._frozen

    def freeze(self) -> None:
        """Let nobody change it."""
        self.__dict__["_frozen"] = True

    def unfreeze(self) -> None:
        """Let it be changed again."""
        self.__dict__["_frozen"] = False

    def _writable(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("the config is frozen; call its unfreeze() first")
        return self._config

    def as_dict(self) -> dict[str, Any]:
        """The entries as a dict of their own."""
        return dict(self._config)

    def to_json(self) -> str:
        """The entries as JSON."""
        return json.dumps(self._config)

    def keys(self) -> Any:
        return self._config.keys()

    def values(self) -> Any:
        return self._config.values()

    def items(self) -> Any:
        return self._config.items()

    def pop(self, *args: Any) -> Any:
        """Take an entry out, as that of a dict."""
        return self._writable().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set entries, as those of a dict."""
        self._writable().update(*args, **kwargs)

    def get(self, keyname: str, value: Any = None) -> Any:
        """An entry, or `value` where there is none."""
        return self._config.get(keyname, value)

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_config", ()):
            return self._config[name]
        raise AttributeError(f"the config has no {name!r}; {suggestion(name, self.__dict__.get('_config', ()))}")

    def __setattr__(self, name: str, value: Any) -> None:
        self._writable()[name] = value

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __setitem__(self, key: str, item: Any) -> None:
        self._writable()[key] = item

    def __delitem__(self, key: str) -> None:
        del self._writable()[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
