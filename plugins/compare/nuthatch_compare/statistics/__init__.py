"""Tests and intervals. They take arrays of numbers and know nothing of search."""
