"""From scheduled programs to kernel source text: loops, their lowering, and the calling convention."""
