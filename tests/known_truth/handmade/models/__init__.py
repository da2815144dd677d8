"""Models made by hand, in which a claim is true, false or undecidable by construction."""
