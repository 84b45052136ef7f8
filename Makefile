# Each target works on a machine with cargo, Node and Debian's packages.

.PHONY: run test lint fmt bench bench-growth bench-databases bench-transfer

# Builds the program and serves the shop; its database and keys are in examples/shop/.mainstay, which Git ignores.
run:
	cargo run --release --package mainstay -- dev examples/shop

# Everything that must hold before a change is taken; installs what it lacks.
test:
	scripts/test.sh

# The part of it that needs no database: formatting and lints.
lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings

# Formats every Rust file.
fmt:
	cargo fmt --all

# Speed beside the floor program and PocketBase; see bench/README.md.
bench:
	python3 bench/run.py

# A list from a million rows beside one from ten thousand, and ten thousand idle connections.
bench-growth:
	python3 bench/growth.py

# Mainstay on a database server beside that server's own fastest client.
bench-databases:
	python3 bench/databases.py

# A million rows from one kind of database to another, beside psql's \copy.
bench-transfer:
	python3 bench/transfer.py
