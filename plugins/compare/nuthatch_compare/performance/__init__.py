"""What answers and indexes cost: latency under a load, and the cost of indexing a corpus.

workload ─▶ driver ─▶ latency, with percentiles        indexing ─▶ indexing_cost
"""
