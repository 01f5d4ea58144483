"""The compiler: its options, compiled code on disk, and what kernels of all kinds need."""
