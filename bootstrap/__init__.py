"""Sets up this checkout: system packages, `.venv` with locked dependencies, a Go toolchain.

Needs nothing but Python's standard library; run as `python3 -m bootstrap` by the Makefile.
This file and `__main__` must compile on old Pythons, so that these are told what is wrong.

    errors        what went wrong, why, and what to type next
    commands      every command line, as a value
    needs         what a machine must have, and which package brings it
    stamp         what the last set-up did, to tell whether there is anything to do
    progress      lines on standard error
    effects       runs commands, probes the machine; the only module that imports subprocess
    system        installs the missing system packages
    environment   makes `.venv`
    golang        finds a Go toolchain, or installs one into `.venv`
    steps         the order of all that
    command_line  options and exit codes
"""
