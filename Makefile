# Each target works on a machine with cargo, Node and Debian's packages.

.PHONY: bench

# Speed beside the floor program and PocketBase; see bench/README.md.
bench:
	python3 bench/run.py
