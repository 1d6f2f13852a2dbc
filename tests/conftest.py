"""What holds for all tests."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from leakcheck.settings import GITHUB_KEYS

# A loaded machine is no failure: examples have no time limit of their own.
settings.register_profile("leakcheck", deadline=None)
settings.load_profile("leakcheck")

# A shell starts what it puts in the background with Ctrl-C and Ctrl-\\ ignored, and nohup ignores
# a hang-up: tests of these signals would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests that run in a workflow are not to write into its log and summary.
for key in GITHUB_KEYS:
    os.environ.pop(key, None)
