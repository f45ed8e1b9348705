"""The software of a node: jars from Maven Central, fetched once and kept, and a class that starts
them.

    ~/.cache/nuthatch/opensearch-2.19.6-…/    jars, and nuthatch's own; the name ends in a hash of
                                              what they were made from
        one-node-….jsa                        the classes of a node that has run, by version of
                                              Java: a node starts in half the time with them
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from nuthatch import BackendUnavailable

_HERE: Final = Path(__file__).parent
_PROJECT: Final = _HERE / "pom.xml"
_SOURCE: Final = _HERE / "OneNode.java"
#: The version of OpenSearch that is fetched.
VERSION: Final = re.findall("<opensearch.version>(.+?)<", _PROJECT.read_text("utf-8"))[0]
#: The oldest Java that runs it.
_JAVA: Final = 17
#: Seconds that Maven may take for its first download.
_DOWNLOAD: Final = 600


def find_missing() -> str | None:
    """Return what a cluster needs and this machine lacks, in a sentence; None if nothing."""
    for tool, package in (("java", "a JDK"), ("javac", "a JDK"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            return f"a cluster needs {tool}, which is not installed; install {package}"
    found = _find_java_version()
    if found < _JAVA:
        return f"a cluster needs Java {_JAVA} or newer; found {found}"
    return None


def _find_java_version() -> int:
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return int(version[1]) if version else 0


def fetch_jars() -> list[Path]:
    """Return all jars that a node needs, in a fixed order; fetch and compile what is not there.

    Raise `BackendUnavailable` where Java or Maven are missing, or fail.
    """
    missing = find_missing()
    if missing is not None:
        raise BackendUnavailable(missing)
    recipe = blake2b(_PROJECT.read_bytes() + _SOURCE.read_bytes(), digest_size=6).hexdigest()
    home = _cache_folder() / f"opensearch-{VERSION}-{recipe}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix=".") as draft:
            _build(Path(draft))
            _put_in_place(Path(draft), home)
    return sorted(home.glob("*.jar"))


def find_archive(jars: Sequence[Path]) -> Path:
    """Return where the classes of a node are kept for this version of Java, once one has run."""
    said = subprocess.run(["java", "-version"], capture_output=True, check=False).stderr
    version = blake2b(said, digest_size=6).hexdigest()
    return jars[0].parent / f"one-node-{version}.jsa"


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nuthatch"


def _build(folder: Path) -> None:
    """Fetch the jars into a folder, and compile the class that starts a node."""
    _run(
        [
            *("mvn", "--batch-mode", "--quiet", "--file", str(_PROJECT)),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={folder}",
        ]
    )
    with tempfile.TemporaryDirectory() as classes:
        _run(["javac", "-cp", f"{folder}/*", "-d", classes, str(_SOURCE)])
        _run(["jar", "--create", "--file", str(folder / "one-node.jar"), "-C", classes, "."])


def _put_in_place(draft: Path, home: Path) -> None:
    """Name a whole folder what others look for; one that somebody else has made is as good."""
    made = draft.with_name(draft.name + ".whole")
    shutil.move(draft, made)
    draft.mkdir()  # which the caller removes
    try:
        made.rename(home)
    except OSError:
        shutil.rmtree(made)
        if not home.exists():
            raise


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_DOWNLOAD)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-1000:]
        raise BackendUnavailable(
            f"{command[0]} failed while OpenSearch {VERSION} was fetched from Maven Central; check "
            f"the network, and Maven's settings: {said}"
        )
