"""``graphengine cache``: the folder of compiled kernels, as text."""
from __future__ import annotations

from ..config import settings
from ..runtime.cache import ObjectCache, open_cache

UNITS = (("GB", 2**30), ("MB", 2**20), ("KB", 2**10), ("bytes", 1))


def describe_cache() -> str:
    """Folder, entries and bytes."""
    cache = open_cache()
    sizes = [size for _, size, _ in cache.entries()]
    return (f"folder   {settings().cache_dir}{unused(cache)}\n"
            f"kernels  {len(sizes)}\n"
            f"size     {readable(sum(sizes))} of at most {readable(settings().cache_bytes)}")


def clear_cache() -> str:
    """Remove every entry; says how many there were."""
    cache = open_cache()
    size = sum(size for _, size, _ in cache.entries())
    return f"{cache.trim(0)} kernels removed, {readable(size)}, from {settings().cache_dir}"


def unused(cache: ObjectCache) -> str:
    """What to add to the name of a folder that is not used."""
    return "" if cache.folder is not None else "   (not used, since it is not private or cannot be written)"


def readable(size_bytes: int) -> str:
    """Bytes as people read them.

    Examples
    --------
    >>> readable(999), readable(1536), readable(256 * 2**20)
    ('999 bytes', '1.5 KB', '256.0 MB')
    """
    unit, factor = next(u for u in UNITS if size_bytes >= u[1] or u[1] == 1)
    return f"{size_bytes / factor:.1f} {unit}" if factor > 1 else f"{size_bytes} {unit}"
