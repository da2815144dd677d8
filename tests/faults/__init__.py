"""Faults from outside: kills, full disks, folders that cannot be written, clocks, two runs at once.

``python -m tests.faults --runs 50 --seed 0`` kills real commands at random instants and prints what
was found; ``tests/attacks/test_faults.py`` holds what runs with every test.
"""
