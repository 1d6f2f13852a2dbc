"""`leakcheck init`: what another repository needs to check itself.

cgoscan      Go sources → which import "C"
repository   folder → its Go modules, their packages with C, and the files that are there
drafts       repository → the files to write
byhand       repository → what its own files need, for the user to add
initialise   writes, or shows what would be written
"""

from __future__ import annotations

from leakcheck.adoption.initialise import run_init

__all__ = ["run_init"]
