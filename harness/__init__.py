"""causal-claims: causal claims about language models, registered, run, judged and published."""

__version__ = "0.1.0"
