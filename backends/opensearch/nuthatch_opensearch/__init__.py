"""OpenSearch as a nuthatch backend: `plugin.py` says what it is, `backend.py` opens it.

`nuthatch_opensearch.cluster` starts a cluster of its own on this machine, for tests and for a
first try.
"""
