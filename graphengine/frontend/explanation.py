"""What the compiler did with a run, for people and for the editor.

A compilation goes in; out come the graph after each phase, the rules that fired, fusion groups and what was
refused, the program, the memory plan and the kernels' source, each as values and all of them as text; of what loops
and branches run, the same again.
"""
from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from textwrap import indent

from ..codegen.emit import Bits, Kernel, SizeBits, Slot, Step
from ..codegen.kernels import library
from ..ir.computation import Cut
from ..ir.dims import Size, evaluate
from ..ir.node import Node
from ..pipeline import Compilation, CompiledGraph, Stage
from ..rewrite.rules import Fired
from ..schedule.fuse import Refusal
from ..schedule.memory import plan
from ..values import dataclass

BY_INSTRUCTION = ("program", "groups")      # sections whose first lines are those of the instructions
SECTIONS = ("summary", "program", "memory", "groups", "rules", "source", "stages")
BY_DEBUG_LEVEL = {1: SECTIONS[:1], 2: SECTIONS[:4], 3: SECTIONS[:5], 4: SECTIONS[:6], 5: SECTIONS}


@dataclass(frozen=True)
class FusionGroup:
    """Nodes that one kernel computes.

    index : the instruction that runs it
    nodes : in the order in which they are computed
    kernel : its name; equal loops have equal kernels
    """

    index: int
    nodes: tuple[Node, ...]
    kernel: str

    def __str__(self) -> str:
        return f"{self.index:3} {self.kernel}: {', '.join(n.name for n in self.nodes)}"


@dataclass(frozen=True)
class MemoryEntry:
    """A buffer: where its elements come from, how many, and when it is in use.

    size : number of elements, maybe an expression in the feeds' sizes
    size_bytes, offset : bytes, and place in the arena, where the sizes are known; offset only for temporaries
    first, last : instructions that touch a temporary
    """

    name: str
    kind: str
    size: Size
    size_bytes: int | None
    offset: int | None
    first: int | None
    last: int | None

    def __str__(self) -> str:
        room = f"{self.size} elements" if self.size_bytes is None else f"{self.size_bytes} bytes"
        place = "" if self.offset is None else f" at {self.offset}"
        alive = "" if self.first is None else f", in use from {self.first} to {self.last}"
        return f"{self.kind:6}{self.name}: {room}{place}{alive}"


@dataclass(frozen=True, repr=False)
class Explanation:
    """Everything that the compiler can tell about one way of running a graph.

    compilation : what it produced
    sizes : value of each size symbol, where known
    before : where the graph is cut, since sizes depend on numbers, the stretches that run before this one; their
        text is part of this one's, all else here is of the last stretch
    cuts : nodes that numpy runs between `before` and this stretch
    loop : how the steps of compiled loops run, if any have run for long
    """

    compilation: Compilation
    sizes: Mapping[str, int] | None = None
    before: Explanation | None = None
    cuts: tuple[Cut, ...] = ()
    loop: str = ""

    @classmethod
    def of(cls, graph: CompiledGraph, sizes: Mapping[str, int] | None = None, loop: str = "") -> Explanation:
        """The explanation of all stretches of a graph; `sizes` are those of the feeds."""
        made = cls(graph.compilations[0], sizes, loop=loop)
        for part, compilation in zip(graph.parts, graph.compilations[1:], strict=False):
            made = cls(compilation, None, made, part.cuts)
        return made

    @property
    def stretches(self) -> tuple[Explanation, ...]:
        """Each stretch, in the order in which they run."""
        return (self,) if self.before is None else (*self.before.stretches, self)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The graph as it came, and after each phase."""
        return self.compilation.stages

    @property
    def rules(self) -> tuple[Fired, ...]:
        """Every rule applied, with node and line; those of the programs inside are in `parts`."""
        return self.compilation.fired

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Neighbors that do not share a kernel, and why."""
        return self.compilation.program.refusals

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """One for each instruction; `lines` says which node each line of its text computes."""
        return self.compilation.kernels

    def source_of(self, kernel: Kernel) -> str:
        """The text of a kernel; of one written by hand its sizes and the file that builds it."""
        if kernel.text is not None:
            return kernel.text
        sizes = ", ".join(self._slot_text(slot) for slot in kernel.slots)
        return (f"# {kernel.name} is written by hand: graphengine/codegen/kernels/{library.SOURCES[kernel.name]}.py\n"
                f"# sizes: {sizes}\n\n{library.source(kernel.name)}")

    def _slot_text(self, slot: Slot) -> str:
        """What stands in the table of sizes: a number where it is known."""
        if isinstance(slot, Bits):
            return str(slot.value)
        if isinstance(slot, Step):
            return "step"
        size = slot.size if isinstance(slot, SizeBits) else slot
        return str(size if self.sizes is None else evaluate(size, self.sizes))

    @cached_property
    def groups(self) -> tuple[FusionGroup, ...]:
        pairs = zip(self.compilation.program.instructions, self.kernels, strict=True)
        return tuple(FusionGroup(k, i.nodes, kernel.name) for k, (i, kernel) in enumerate(pairs))

    @cached_property
    def memory(self) -> tuple[MemoryEntry, ...]:
        program = self.compilation.program
        lifetimes = program.lifetimes()
        sizes = self.sizes
        nbytes: dict[int, int] = {}
        offsets: dict[int, int] = {}
        if sizes is not None:
            nbytes = {b.index: evaluate(b.size, sizes) * b.dtype.size for b in program.buffers}
            offsets, _ = plan(program.slots, nbytes)
        return tuple(
            MemoryEntry(b.name, b.kind, b.size, nbytes.get(b.index), offsets.get(b.index),
                        *lifetimes.get(b.index, (None, None)))
            for b in program.buffers
        )

    @cached_property
    def parts(self) -> tuple[ExplainedPart, ...]:
        """The programs that loops and branches run."""
        return tuple(ExplainedPart(i.instruction, i.label, Explanation(i.compilation, self.sizes))
                     for i in self.compilation.inner)

    @property
    def arena_bytes(self) -> int | None:
        """Bytes of all temporaries together, where the sizes are known."""
        if self.sizes is None:
            return None
        ends = [(m.offset or 0) + (m.size_bytes or 0) for m in self.memory if m.kind == "temp"]
        return max(ends, default=0)

    # ------------------------------------------------ as text

    @property
    def summary(self) -> str:
        every = [inner for k in self.kernels for inner in k.all()]
        inside = len(every) - len(self.kernels)
        last = self.stages[-1].computation
        text = (f"{len(self.stages[0].computation.nodes)} nodes, {len(last.nodes)} after rewriting, "
                f"kernel calls: {len(self.kernels)}{f' and {inside} inside of them' if inside else ''}, "
                f"different kernels: {len({k.name for k in every})}, rules applied: {self._rule_count()}")
        text = text if self.arena_bytes is None else f"{text}, arena of {self.arena_bytes} bytes"
        return f"{text}; steps of loops: {self.loop}" if self.loop else text

    def _rule_count(self) -> int:
        return len(self.rules) + sum(p.explanation._rule_count() for p in self.parts)

    def section(self, name: str) -> str:
        """One of `SECTIONS` as text, for all stretches."""
        if self.before is None:
            return self._section(name)
        cuts = "\n".join(f"cut: {cut}" for cut in self.cuts)
        return f"{self.before.section(name)}\n\n{cuts}\n\n{self._section(name)}"

    def _section(self, name: str) -> str:
        """A section of this stretch; that of a loop's or branch's program stands under its instruction, or at the end.
        """
        if name == "summary":
            return self.summary
        rows = self._own(name).split("\n")
        parts = [(p.instruction + 1 if name in BY_INSTRUCTION else len(rows), p.section(name)) for p in self.parts]
        for place, text in reversed([(place, text) for place, text in parts if text]):
            rows.insert(place, text)
        return "\n".join(rows).removeprefix("\n")

    def _own(self, name: str) -> str:
        """A section without the programs of loops and branches."""
        if name == "source":
            by_hand = "written by hand, see graphengine/codegen/kernels"
            return "\n".join({k.name: k.text or f"# {k.name}: {by_hand}\n" for k in self.kernels}.values())
        if name == "stages":
            return self._stages_text()
        if name == "groups":
            refused = [f"    not joined: {r}" for r in self.refusals]
            return "\n".join([*map(str, self.groups), *refused])
        if name in ("memory", "rules"):
            return "\n".join(map(str, self.memory if name == "memory" else self.rules))
        return str(self.compilation.program)

    def _stages_text(self) -> str:
        parts, before = [], ""
        for stage in self.stages:
            text = str(stage.computation)
            parts.append(f"{stage.name}: nothing to do" if text == before else f"{stage.name}:\n{text}")
            before = text
        return "\n\n".join(parts)

    def text(self, sections: tuple[str, ...] = SECTIONS) -> str:
        """Several sections under their names."""
        return "\n\n".join(f"== {name} ==\n{self.section(name)}" for name in sections)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Explanation: {self.summary}; print it to see all>"


@dataclass(frozen=True)
class ExplainedPart:
    """The program of a loop's body or of a branch.

    instruction : which one of the program around it runs it
    label : which region it is: "each step of while/loop"
    """

    instruction: int
    label: str
    explanation: Explanation

    def section(self, name: str) -> str:
        """One of `SECTIONS` as text, indented under the label; nothing if there is nothing to say."""
        text = self.explanation.section(name)
        return f"    {self.label}\n{indent(text, ' ' * 8)}" if text else ""
