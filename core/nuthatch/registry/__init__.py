"""What is installed: backends, commands and plugins, found by entry point, loaded when used.

    entry points ── discovery ──┬── backends, with url and config     1:1, by name
     (metadata)                 ├── commands                          1:1, by name
                                └── plugins ── hooks, analyzers       1:N, every hook

Nothing here is imported from an engine or a plugin before a caller names it or searches.
"""
