"""Statistics over replicates: pure numpy, scipy and statsmodels, no claim, no model, no disk.

``rules.decide`` and ``rules.decide_family`` are the entries; ``docs/statistics.md`` says what each
test is, where it comes from and how it is calibrated. Submodules are imported by name, so that
reading the records does not load scipy.
"""
