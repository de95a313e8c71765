"""Compiled numerics on plain arrays; this room knows no table and no model."""
