"""One module for each group of tests."""
