"""Subjects of the example claims: matched pairs of small language models trained from scratch."""
