"""From kernel text to the address of machine code.

Text is compiled by numba once per machine: the object code goes to the cache, and a process that finds all of
its kernels there never imports numba.
"""
from __future__ import annotations

import hashlib
import os
import threading
import time
import warnings
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import llvmlite.binding as llvm

from ..codegen.emit import Kernel
from ..codegen.kernels import library
from ..config import settings
from ..errors import CompileError
from ..values import dataclass
from .cache import ObjectCache, open_cache
from .team import Team

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_T = TypeVar("_T")

# Machine code that is no kernel: two functions of a table's address, and one that Python calls.
RUNNER, HELPER, ENTRY = "runner", "helper", "entry"
_PARTS = ("runner.py", "team.py", "entry.py", "atomics.py")     # what it is made from
_FORBIDDEN = ("numba_", "NRT_", "Py", "_Py", "malloc", "calloc")

# While numba compiles it shares Python's lock with those who run something, and both become slow. So other ways to run
# it give the first results only; who still runs the same thing after this many seconds is better off waiting, unless
# what is compiled first is for others: what somebody asks while a training begins, such as its metrics, must not hold
# it up.
PATIENCE_S = 0.3


@dataclass()
class Counts:
    """What a compiler has done: kernels compiled, kernels loaded from disk, seconds spent compiling."""

    compiled: int = 0
    loaded: int = 0
    seconds: float = 0.0


class Compiler:
    """Machine code of kernels in this process.

    Parameters
    ----------
    cache : where object code is kept between processes
    """

    def __init__(self, cache: ObjectCache) -> None:
        self.cache = cache
        self.counts = Counts()
        self._addresses: dict[str, int] = {}
        self.team = Team(lambda: self._address(_versioned(HELPER), HELPER))      # helpers of its programs
        self.forget_threads()
        _COMPILERS.add(self)
        _heed_forks()                               # who compiles nothing holds a lock, too, while it loads
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(opt=0)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)

    def forget_threads(self) -> None:
        """In a child of `os.fork`, which has none of the threads; one of the parent may have held a lock."""
        self._loading = threading.RLock()           # of the engine and the table of addresses
        self._compiling = threading.RLock()         # held by who wants a kernel for as long as numba takes
        self._in_numba = threading.RLock()          # held by the thread in which numba is
        self._background: ThreadPoolExecutor | None = None
        self._entry: Future[int] | None = None
        self._entry_since = 0.0
        self._has_told = False                      # that the entry could not be compiled

    def addresses(self, kernels: Iterable[Kernel]) -> list[int]:
        """The address of each kernel; those that are nowhere yet are compiled."""
        before = self.counts.compiled
        found = [self._address(_cached_name(k), k) for k in kernels]
        if self.counts.compiled > before:
            self.cache.trim(settings().cache_bytes)
        return found

    def has(self, kernels: Iterable[Kernel]) -> bool:
        """Whether all kernels, and the runner, are here or on disk; those on disk are loaded."""
        names = [_versioned(RUNNER), *(_cached_name(inner) for k in kernels for inner in k.all())]
        return all(name in self._addresses or self._load(name) is not None for name in names)

    def prepare(self, kernels: Sequence[Kernel]) -> Future[list[int]]:
        """Compile kernels in the background, most used first.

        A process that ends waits until they are done, once for each machine: the next one finds them on disk.
        """
        every = [inner for k in kernels for inner in k.all()]
        uses = Counter(k.name for k in every)
        order = sorted(every, key=lambda k: -uses[k.name])

        def work() -> list[int]:
            self.runner()
            return self.addresses(order)

        return _begun(self._in_background, work)

    def _in_background(self) -> ThreadPoolExecutor:
        if self._background is None:
            self._background = _one_thread("graphengine-compiler")
        return self._background

    def runner(self) -> int:
        """The address of the runner."""
        return self._address(_versioned(RUNNER), RUNNER)

    def entry(self, prepare: bool = False) -> int | None:
        """The address of the entry if it is here or on disk; else `prepare` begins to compile it in the background."""
        begun = self._entry
        if begun is not None:
            has_patience = not begun.running() or time.perf_counter() - self._entry_since < PATIENCE_S
            if has_patience and not begun.done():
                return None
            error = begun.exception()       # waits
            if error is not None:
                self._tell(error)
                return None
        name = _versioned(ENTRY)
        known = self._addresses.get(name) or self._load(name)
        if known is None and prepare and self._entry is None:
            self._entry_since = time.perf_counter()
            self._entry = _begun(self._in_background, lambda: self._address(name, ENTRY))
        return known

    def _tell(self, error: BaseException) -> None:
        """Warn once that there is no entry; everything runs without it, too."""
        if not self._has_told:
            self._has_told = True
            warnings.warn(f"small programs are called in a slower way, for numba could not compile the quick one: "
                          f"{error!r}", RuntimeWarning, stacklevel=3)

    def _address(self, name: str, kernel: Kernel | str) -> int:
        known = self._addresses.get(name) or self._load(name)
        if known is not None:
            return known
        with self._compiling:
            if name not in self._addresses:
                self._compile(name, kernel)
            return self._addresses[name]

    def _load(self, name: str) -> int | None:
        entry = self.cache.read(name)
        if entry is None:
            return None
        self.counts.loaded += name != _versioned(ENTRY)     # which is looked for when there is time
        return self._add(name, *entry)

    def _compile(self, name: str, kernel: Kernel | str) -> None:
        start = time.perf_counter()
        symbol, code = self._object_code(kernel)
        self.cache.write(name, symbol, code)
        self.counts.compiled += kernel != ENTRY
        self.counts.seconds += time.perf_counter() - start
        self._add(name, symbol, code)

    def _object_code(self, kernel: Kernel | str) -> tuple[str, bytes]:
        """Made in another thread if this is the main one, which alone is interrupted.

        Ctrl-C in the middle of an import of numba, or of what that does at its first use, would leave half of it
        behind, with which nothing is compiled any more. So numba comes to its end, whoever waits for it.
        """
        def work() -> tuple[str, bytes]:
            with self._in_numba:
                return object_code(kernel)

        if threading.current_thread() is not threading.main_thread():
            return work()
        return _begun(lambda: _one_thread("numba"), work).result()

    def _add(self, name: str, symbol: str, code: bytes) -> int:
        with self._loading:
            if name not in self._addresses:
                self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
                self._engine.finalize_object()
                address = int(self._engine.get_function_address(symbol))
                if not address:
                    raise CompileError(f"the object code of {name} has no symbol {symbol}")
                self._addresses[name] = address
            return self._addresses[name]


def _one_thread(name: str) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # only who compiles pays for it

    return ThreadPoolExecutor(1, name)


def _begun(threads: Callable[[], ThreadPoolExecutor], work: Callable[[], _T]) -> Future[_T]:
    """Work in another thread; it is already done where none is started any more, as in functions of `atexit`."""
    try:
        return threads().submit(work)
    except RuntimeError:
        from concurrent.futures import Future

        here: Future[_T] = Future()
        try:
            here.set_result(work())
        except Exception as error:
            here.set_exception(error)
        return here


_COMPILERS: weakref.WeakSet[Compiler] = weakref.WeakSet()
_HELD: list[Compiler] = []                          # while the process forks


def _before_fork() -> None:
    """Wait until nothing is half compiled: numba and LLVM have locks, too, that nobody would release in the child."""
    _HELD[:] = _COMPILERS
    for compiler in _HELD:
        compiler._compiling.acquire()
        compiler._in_numba.acquire()
        compiler._loading.acquire()


def _in_parent() -> None:
    for compiler in _HELD:
        compiler._loading.release()
        compiler._in_numba.release()
        compiler._compiling.release()
    _HELD.clear()


def _in_child() -> None:
    for compiler in _HELD:
        compiler.forget_threads()
    _HELD.clear()


@cache
def _heed_forks() -> None:
    """Have what is below called when the process forks; cached, since it is registered once.

    The last to be registered is asked first, and that has to be us: while we wait, nobody may hold the lock of
    `logging`, which numba takes at times.
    """
    import logging  # noqa: F401 - its own comes before

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)


def _cached_name(kernel: Kernel) -> str:
    if kernel.text is not None:
        return kernel.name
    return f"{kernel.name}-{library.fingerprint(kernel.name).hex()[:16]}"


@cache
def _versioned(name: str) -> str:
    from pathlib import Path

    from ..codegen.kernels import runner

    folder = Path(runner.__file__).parent
    text = b"".join((folder / part).read_bytes() for part in (*_PARTS, *library.PARTS))
    return f"{name}-{hashlib.sha256(text).hexdigest()[:16]}"


def object_code(kernel: Kernel | str) -> tuple[str, bytes]:
    """Symbol and object code of a kernel, or of `RUNNER`, `HELPER` or `ENTRY`. Imports numba.

    Raises
    ------
    CompileError if the text is no valid kernel, or its code would need Python or numba to run.
    """
    import numba

    from ..codegen import abi
    from ..codegen.kernels import entry, runner, team

    if isinstance(kernel, str):
        word = numba.types.int64
        signature = word(word, word, word, word) if kernel == ENTRY else word(numba.types.CPointer(word))
        function = {RUNNER: runner.build, HELPER: team.build, ENTRY: entry.build}[kernel]()
    else:
        signature = abi.SIGNATURE
        function = library.build(kernel.name) if kernel.text is None else _function(kernel.text, kernel.name)
    try:
        return _compiled(function, signature)
    except numba.core.errors.NumbaError as error:
        source = kernel if isinstance(kernel, str) else kernel.text or kernel.name
        raise CompileError(f"numba refuses a kernel: {error}\n{source}") from error


def _compiled(function: Any, signature: Any) -> tuple[str, bytes]:
    """Symbol and object code of a C function.

    These are the steps of `numba.cfunc`, with the object code kept on the way as numba's own cache does: asking for
    LLVM's text and compiling that would generate the code a second time.
    """
    from numba.core.ccallback import CFunc
    from numba.core.compiler_lock import global_compiler_lock

    made: Any = CFunc(function, (signature.args, signature.return_type), {}, {"error_model": "numpy"})
    with global_compiler_lock:
        compiled = made._compile_uncached()
        compiled.library.enable_object_caching()
        _, _, (code, _) = compiled.library.serialize_using_object_code()
        for f in compiled.library._final_module.functions:
            if f.is_declaration and f.name.startswith(_FORBIDDEN):
                raise CompileError(f"kernel {function.__name__} calls {f.name}, which is not there without numba")
    return compiled.fndesc.llvm_cfunc_wrapper_name, code


def _function(text: str, name: str) -> Any:
    names = _namespace().copy()
    exec(compile(text, f"<kernel {name}>", "exec"), names)
    return names[name]


@cache
def _namespace() -> dict[str, Any]:
    from ..codegen import abi

    return abi.namespace()


def default_compiler() -> Compiler:
    """The compiler of this process."""
    with _FIRST:
        return _compiler()


_FIRST = threading.Lock()                           # threads that begin together share one


@cache
def _compiler() -> Compiler:
    return Compiler(open_cache())
