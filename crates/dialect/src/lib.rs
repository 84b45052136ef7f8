//! Plans and migration steps to SQL per dialect.
