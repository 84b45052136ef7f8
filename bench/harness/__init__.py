"""The benchmark's parts: what is measured, on which servers, and how it is told. Python's standard library only."""
