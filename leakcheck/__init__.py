"""Tells, truthfully, whether tests leak native memory, and where."""
