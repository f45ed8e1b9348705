"""What is installed: backends, commands and plugins, found by entry point, loaded when used.

    entry points ── discovery ──┬── backends ── opening ── url, config     1:1, by name
     (metadata)                 ├── commands                               1:1, by name
                                └── plugins ── hooks, analyzers            1:N, every hook
                                         └──────── doctor: all of it, tried

Nothing here is imported from an engine or a plugin before somebody asks for it by name or searches.
"""
