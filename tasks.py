"""The tasks of leakcheck for `inv` in this checkout; see `leakcheck.tasks`."""

from __future__ import annotations

from leakcheck.tasks import namespace

__all__ = ["namespace"]
