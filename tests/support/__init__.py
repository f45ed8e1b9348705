"""What several test packages share: corpora, oracles, processes. Found by `pythonpath = tests`."""
