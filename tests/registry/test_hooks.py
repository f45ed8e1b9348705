"""Hooks: what plugins may do, and what their failures may not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import nuthatch
from nuthatch import PluginFailure, Results, hookimpl, memory
from nuthatch.pipeline.doctor import examine
from nuthatch.registry.backends import backend_spec, list_backends
from nuthatch.registry.plugins import (
    expand,
    plugin_failures,
    plugin_manager,
    plugins,
    register_plugin,
    unregister_plugin,
)
from support.site import Site


@pytest.fixture
def index(site: Site) -> Iterator[nuthatch.LexicalBackend]:
    with nuthatch.open("memory:") as index:
        index.add(
            [
                nuthatch.Document("heat", "Heat", "a thief in los angeles"),
                nuthatch.Document("ronin", "Ronin", "a robber in nice"),
            ]
        )
        yield index


@pytest.fixture
def registered(site: Site) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        unregister_plugin(name)


class Synonyms:
    @hookimpl
    def nuthatch_expand_query(self, text: str) -> list[str]:
        return ["robber", "robber"] if "thief" in text else []


class Listener:
    def __init__(self) -> None:
        self.seen: list[tuple[str, Results]] = []

    @hookimpl
    def nuthatch_after_search(self, backend: str, results: Results) -> None:
        self.seen.append((backend, results))


class Failing:
    @hookimpl
    def nuthatch_expand_query(self, text: str) -> list[str]:
        raise KeyError(text)

    @hookimpl
    def nuthatch_after_search(self) -> None:
        raise ValueError("the log is full")


def uris(results: Results) -> list[str]:
    return [hit.document_uri for hit in results]


def test_synonyms_widen_a_search(index: nuthatch.LexicalBackend, registered: list[str]) -> None:
    assert uris(index.search("thief")) == ["heat"]
    registered.append(register_plugin(Synonyms()))
    assert expand("memory", "", "thief") == (("robber",), {})
    assert set(uris(index.search("thief"))) == {"heat", "ronin"}
    unregister_plugin(registered.pop())
    assert uris(index.search("thief")) == ["heat"]


def test_observers_see_every_search_and_its_results(
    index: nuthatch.LexicalBackend, registered: list[str]
) -> None:
    listener = Listener()
    registered.append(register_plugin(listener))
    results = index.search("thief")
    assert listener.seen == [("memory", results)]


def test_a_failing_expansion_stops_the_search(
    index: nuthatch.LexicalBackend, registered: list[str]
) -> None:
    registered.append(register_plugin(Failing(), "failing"))
    with pytest.raises(PluginFailure, match=r"failing.*KeyError") as caught:
        index.search("thief")
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.stage == "hook"


def test_an_expansion_must_be_a_list_of_texts(registered: list[str]) -> None:
    class Text:
        @hookimpl
        def nuthatch_expand_query(self) -> str:
            return "robber"

    class Numbers:
        @hookimpl
        def nuthatch_expand_query(self) -> list[int]:
            return [1]

    for plugin in (Text(), Numbers()):
        name = register_plugin(plugin)
        with pytest.raises(PluginFailure, match="list of texts"):
            expand("memory", "", "thief")
        unregister_plugin(name)


def test_a_failing_observer_leaves_the_answer_and_a_note(
    index: nuthatch.LexicalBackend, registered: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    class Mute:
        @hookimpl
        def nuthatch_after_search(self) -> None:
            raise ValueError("the log is full")

    listener = Listener()
    registered += [register_plugin(listener), register_plugin(Mute(), "mute")]
    results = index.search("thief")
    assert uris(results) == ["heat"]
    [note] = results.notes
    assert "mute" in note
    assert "ValueError: the log is full" in note
    assert len(listener.seen) == 1, "the others still see it"
    assert "Traceback" in caplog.text


def test_backends_can_be_added_at_run_time(registered: list[str]) -> None:
    spec = replace(memory.SPEC, name="toy")

    class Toys:
        @hookimpl
        def nuthatch_register_backends(self) -> list[nuthatch.BackendSpec]:
            return [spec]

    registered.append(register_plugin(Toys(), "notebook"))
    assert backend_spec("toy") is spec
    assert backend_spec("notebook:toy") is spec
    with nuthatch.open("notebook:toy:here") as index:
        assert index.info().documents == 0
    assert ("toy", spec) in [(item.name, found) for item, found in list_backends()]
    unregister_plugin(registered.pop())
    with pytest.raises(nuthatch.UnknownBackend):
        backend_spec("toy")


def test_a_failing_registration_is_listed_and_breaks_nothing(registered: list[str]) -> None:
    class Broken:
        @hookimpl
        def nuthatch_register_backends(self) -> list[nuthatch.BackendSpec]:
            raise RuntimeError("no toys today")

    class Wrong:
        @hookimpl
        def nuthatch_register_backends(self) -> list[str]:
            return ["toy"]

    registered += [register_plugin(Broken(), "broken"), register_plugin(Wrong(), "wrong")]
    assert backend_spec("memory").name == "memory"
    failures = [found for _, found in list_backends() if isinstance(found, PluginFailure)]
    assert sorted(failure.stage for failure in failures) == ["hook", "shape"]


MISSPELT = """
import nuthatch
@nuthatch.hookimpl
def nuthatch_expand_qeury(text):
    return []
@nuthatch.hookimpl
def nuthatch_after_search(results):
    raise AssertionError("a plugin with a misspelt hook takes no part")
"""
GOOD = """
import nuthatch
@nuthatch.hookimpl
def nuthatch_expand_query(text):
    return ["robber"]
"""
BROKEN = {
    "hook": MISSPELT,
    "import": "import no_such_module",
    "shape": "answer = 42",
}


@pytest.mark.parametrize("stage", BROKEN)
def test_a_broken_plugin_fails_alone_and_not_in_silence(
    site: Site, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("bad-hooks", plugins="bad = bad_hooks", bad_hooks=BROKEN[stage])
    site.install("good-hooks", plugins="good = good_hooks", good_hooks=GOOD)
    with nuthatch.open("memory:") as index:
        index.add(nuthatch.Document("ronin", "Ronin", "a robber in nice"))
        results = index.search("thief")
    assert uris(results) == ["ronin"]
    [failure] = plugin_failures()
    assert (failure.distribution, failure.version) == ("bad-hooks", "1.0")
    assert (failure.entry_point, failure.stage) == ("bad", stage)
    assert results.notes == (str(failure),)
    assert "bad-hooks" in caplog.text
    assert [item.qualified for item in plugins()] == ["good-hooks:good"]
    assert not plugin_manager().has_plugin("bad-hooks:bad")
    checks = {check.name: check for check in examine()}
    assert not checks["plugin bad"].ok
    assert checks["plugin good"].ok


def test_a_misspelt_hook_is_told_with_the_hooks_there_are(registered: list[str]) -> None:
    class Misspelt:
        @hookimpl
        def nuthatch_expand_qeury(self, text: str) -> list[str]:
            return []

    with pytest.raises(PluginFailure, match=r"nuthatch_expand_qeury.*nuthatch_expand_query"):
        register_plugin(Misspelt())
    assert expand("memory", "", "thief") == ((), {})


def test_wrong_arguments_missing_marks_and_wrappers_are_refused(registered: list[str]) -> None:
    class Arguments:
        @hookimpl
        def nuthatch_expand_query(self, words: str) -> list[str]:
            return []

    class Unmarked:
        def nuthatch_expand_query(self, text: str) -> list[str]:
            return []

    class Wrapper:
        @hookimpl(wrapper=True)
        def nuthatch_expand_query(self, text: str) -> Iterator[None]:
            yield

    for plugin, problem in (
        (Arguments(), "words"),
        (Unmarked(), "not marked"),
        (Wrapper(), "wrapper"),
        (Synonyms, "is the class"),
    ):
        with pytest.raises(PluginFailure, match=problem):
            register_plugin(plugin)
    assert expand("memory", "", "thief") == ((), {})


def test_a_plugin_is_registered_once(registered: list[str]) -> None:
    registered.append(register_plugin(Synonyms(), "synonyms"))
    with pytest.raises(PluginFailure, match="registered already"):
        register_plugin(Synonyms(), "synonyms")
    assert expand("memory", "", "thief") == (("robber",), {})


def test_strict_mode_raises_a_broken_plugin(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("bad-hooks", plugins="bad = bad_hooks", bad_hooks=MISSPELT)
    monkeypatch.setenv("NUTHATCH_STRICT_PLUGINS", "1")
    for _ in range(2):
        with pytest.raises(PluginFailure, match="misspelt"):
            plugin_manager()


def test_a_plugin_may_search_while_it_is_imported(site: Site) -> None:
    text = GOOD + "with nuthatch.open('memory:') as index:\n    index.search('x')\n"
    site.install("eager-hooks", plugins="eager = eager_hooks", eager_hooks=text)
    assert expand("memory", "", "thief") == (("robber",), {})
    assert "eager_hooks" in sys.modules


def test_threads_that_search_first_load_each_plugin_once(site: Site) -> None:
    slow = "import time\ntime.sleep(0.1)\n" + GOOD
    site.install("slow-hooks", plugins="slow = slow_hooks", slow_hooks=slow)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: expand("memory", "", "thief"), range(16)))
    assert found == [(("robber",), {})] * 16
    assert len(plugins()) == 1
