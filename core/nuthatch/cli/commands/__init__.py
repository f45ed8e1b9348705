"""The commands of core, by subject. A command is the function of its name in its module.

The table is what `nuthatch --help` shows, so that help imports none of the modules.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class CommandHome(NamedTuple):
    """The module that defines a command, and its one line of help."""

    module: str
    help: str


#: Commands by name, in the order in which a newcomer needs them.
COMMANDS: Final = {
    "demo": CommandHome("demo", "Index a small film corpus and show what search can do."),
    "backends": CommandHome("installation", "List the installed engines and what they can do."),
    "doctor": CommandHome("installation", "Check the installation, or one index."),
    "create": CommandHome("indexes", "Make a new, empty index."),
    "add": CommandHome("documents", "Add documents to an index."),
    "search": CommandHome("search", "Search an index."),
    "suggest": CommandHome("suggest", "Suggest what a text that is being typed may become."),
    "get": CommandHome("documents", "Show one document."),
    "delete": CommandHome("documents", "Delete documents."),
    "info": CommandHome("indexes", "Describe an index."),
    "copy": CommandHome("documents", "Copy an index into another engine."),
    "verify": CommandHome("verify", "Verify saved hits without any index."),
    "check": CommandHome("indexes", "Check that a stored index is whole."),
    "optimize": CommandHome("indexes", "Bring an index into its fastest form."),
    "drop": CommandHome("indexes", "Remove an index with all it holds."),
}
