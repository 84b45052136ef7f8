"""Holds the scenarios against a real PostgreSQL: see __main__.py."""
