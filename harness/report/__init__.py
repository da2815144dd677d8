"""Reports: what a verdict allows to be said, as pages that people read and cite."""
