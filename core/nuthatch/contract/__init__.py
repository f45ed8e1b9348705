"""What every searcher signs, and the values that cross it. See `backend.py` first."""
