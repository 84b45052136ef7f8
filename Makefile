# Each target works on a machine with cargo, Node and Debian's packages.

.PHONY: bench bench-growth

# Speed beside the floor program and PocketBase; see bench/README.md.
bench:
	python3 bench/run.py

# A list from a million rows beside one from ten thousand, and ten thousand idle connections.
bench-growth:
	python3 bench/growth.py
