"""Fuzzing of every reader: ``python -m tests.fuzz --inputs 100000 --seed 0``, or ``make fuzz``.

Valid examples are mutated, by structure and by bytes, and read in process inside a temporary
workspace. A reader may accept an input or refuse it with a :class:`harness.errors.ClaimsError`;
anything else is a failure: another exception, more than a second of computing, a write or a read
outside the workspace, a process, a connection. See ``docs/hostile-input.md``.
"""
