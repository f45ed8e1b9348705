"""Searchers made of searchers: served beside, split, interleaved, fused, failed over.

    Shadow(a, b)       a answers, b is asked the same off the request's path
    Split(a, b)        each unit (user, session) is served by one of them
    Interleave(a, b)   one list drafted from both, every hit credited to its team
    Fuse(a, b, …)      one list by reciprocal rank
    Failover(a, b)     b answers while a cannot

Each is a `SearchBackend` and declares what its engines can do together. None of them writes.
"""
