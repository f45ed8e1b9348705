"""A server as a nuthatch backend: `plugin.py` says what it is, `backend.py` opens it."""
