"""Tests that fail while a bug is open, and the bug; whoever mends it deletes the line.

A test is named as pytest does, without its file; a name without parameters stands for all of them.
"""

OPEN: dict[str, str] = {}
