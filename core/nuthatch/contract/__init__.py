"""The abstract classes of searchers and readers, and the values that they exchange.

Read `backend.py` first, then `reader.py`.
"""
