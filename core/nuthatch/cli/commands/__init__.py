"""One module for each command; its `command` is the click command.

The table is what `nuthatch --help` shows, so that help imports none of the modules.
"""

from __future__ import annotations

from typing import Final

#: Name → one line of help, in the order in which a newcomer needs them.
COMMANDS: Final = {
    "demo": "Index a small film corpus and show what search can do.",
    "backends": "List the installed engines and what they can do.",
    "doctor": "Check the installation, or one index.",
    "create": "Make a new, empty index.",
    "add": "Add documents to an index.",
    "search": "Search an index.",
    "get": "Show one document.",
    "delete": "Delete documents.",
    "info": "Describe an index.",
    "copy": "Copy an index into another engine.",
    "verify": "Verify saved hits without any index.",
    "check": "Check that a stored index is whole.",
    "optimize": "Settle an index for fast reading.",
    "drop": "Remove an index with all it holds.",
}
