"""Every way in which an installed backend can be broken, while memory opens and works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import nuthatch
from nuthatch import BackendSpec, PluginFailure, UnknownBackend, memory
from nuthatch.contract.capability import EMULATED_BY_CORE
from nuthatch.pipeline.doctor import examine
from nuthatch.registry import discovery
from nuthatch.registry.backends import (
    backend_class,
    backend_spec,
    backends_with,
    libraries_of_spec,
    list_backends,
)
from support.site import Site

MAJOR, MINOR = nuthatch.CONTRACT


def raises_on_import(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec="raise OSError('disk')")


def exits_on_import(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec="raise SystemExit(3)")


def has_no_code(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC")


def names_nothing(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEK", bad_spec="SPEC = 1")


def names_no_object(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = not a name", bad_spec="")


def is_no_spec(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec="SPEC = {'name': 'bad'}")


def has_no_config(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", config="dict")


def has_no_class(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", backend="'module.Class'")


def is_of_the_next_major_contract(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", contract=f"({MAJOR + 1}, 0)")


def is_of_the_next_minor_contract(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", contract=f"({MAJOR}, {MINOR + 1})")


def has_text_for_a_contract(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", contract="'1.0'")


def names_its_score_freely(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", score="'tf-idf'")


def claims_proofs_that_its_book_denies(site: Site) -> None:
    site.install(
        "nuthatch-bad",
        backends="bad = bad_spec:SPEC",
        bad_spec="from dataclasses import replace\n"
        "from nuthatch import memory, unsupported\n"
        "book = replace(memory.SPEC.capabilities, grounding=unsupported('no hashes'))\n"
        "SPEC = replace(memory.SPEC, name='bad', capabilities=book)\n",
    )


def has_another_name(site: Site) -> None:
    site.install_backend("nuthatch-bad", "good", "bad_spec")
    entry_points = site.path / "nuthatch_bad-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text(entry_points.read_text().replace("good =", "bad ="))
    discovery.forget()


BROKEN: list[tuple[Callable[[Site], None], str, str, str]] = [
    (raises_on_import, "import", "OSError: disk", "others still work"),
    (exits_on_import, "import", "SystemExit: 3", "others still work"),
    (has_no_code, "import", "No module named 'bad_spec'", "pip uninstall nuthatch-bad"),
    (names_nothing, "shape", "no attribute 'SPEK'", "reinstall nuthatch-bad"),
    (names_no_object, "metadata", "not the name of a Python object", "module:attribute"),
    (is_no_spec, "shape", "is not a spec but dict", "BackendSpec"),
    (has_no_config, "shape", "no BackendConfig", "Report it"),
    (has_no_class, "shape", "not module:Class", "Report it"),
    (is_of_the_next_major_contract, "contract", f"contract {MAJOR + 1}.0", "Upgrade nuthatch:"),
    (
        is_of_the_next_minor_contract,
        "contract",
        f"contract {MAJOR}.{MINOR + 1}",
        "Upgrade nuthatch:",
    ),
    (has_text_for_a_contract, "shape", "'1.0'", "Report it"),
    (names_its_score_freely, "shape", "whose score is 'tf-idf'", '"bm25" or "score"'),
    (claims_proofs_that_its_book_denies, "shape", "no to grounding", "Report it"),
    (has_another_name, "name", "the name 'good'", "must be the same"),
]


def failure_of(name: str) -> PluginFailure:
    [found] = [spec for item, spec in list_backends() if item.name == name]
    assert isinstance(found, PluginFailure)
    return found


@pytest.mark.parametrize(("broken", "stage", "problem", "hint"), BROKEN)
def test_a_broken_backend_is_listed_with_its_story(
    site: Site, broken: Callable[[Site], None], stage: str, problem: str, hint: str
) -> None:
    """Listing never raises; the failure says who, where, why and what to do."""
    broken(site)
    failure = failure_of("bad")
    assert (failure.distribution, failure.version) == ("nuthatch-bad", "1.0")
    assert (failure.entry_point, failure.stage) == ("bad", stage)
    message = str(failure)
    assert problem in message
    assert hint in failure.hint
    assert message.index(problem) < message.index(failure.hint)
    assert "nuthatch-bad 1.0" in message


@pytest.mark.parametrize(("broken", "stage", "problem", "hint"), BROKEN)
def test_a_broken_backend_is_raised_only_when_it_is_asked_for(
    site: Site, broken: Callable[[Site], None], stage: str, problem: str, hint: str
) -> None:
    broken(site)
    with nuthatch.open("memory:") as index:
        index.add(nuthatch.Document("heat", "Heat", "a thief"))
        assert [hit.document_uri for hit in index.search("thief")] == ["heat"]
    with pytest.raises(PluginFailure) as caught:
        nuthatch.open("bad:somewhere")
    assert caught.value.stage == stage


def test_the_cause_is_chained(site: Site) -> None:
    raises_on_import(site)
    with pytest.raises(PluginFailure) as caught:
        backend_spec("bad")
    assert isinstance(caught.value.__cause__, OSError)
    assert isinstance(failure_of("bad").__cause__, OSError)


def test_a_failure_is_not_remembered(site: Site) -> None:
    raises_on_import(site)
    with pytest.raises(PluginFailure):
        backend_spec("bad")
    (site.path / "bad_spec.py").write_text(
        "from dataclasses import replace\nfrom nuthatch import memory\n"
        "SPEC = replace(memory.SPEC, name='bad', summary='mended at last')\n"
    )
    assert backend_spec("bad").summary == "mended at last"


def test_both_contract_numbers_are_in_the_message(site: Site) -> None:
    is_of_the_next_minor_contract(site)
    ours = ".".join(map(str, nuthatch.CONTRACT))
    assert f"this core serves {ours}" in str(failure_of("bad"))


def test_a_backend_of_an_older_major_contract_is_to_be_upgraded_itself(site: Site) -> None:
    site.install_backend("nuthatch-bad", "bad", "bad_spec", contract="(0, 9)")
    assert "Upgrade nuthatch-bad" in failure_of("bad").hint


def test_a_name_that_this_core_does_not_have_hints_at_versions(site: Site) -> None:
    site.install(
        "nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec="from nuthatch import Tomorrow"
    )
    assert "another version of nuthatch" in failure_of("bad").hint


def test_a_missing_driver_is_told_before_the_hint_and_only_on_opening(site: Site) -> None:
    site.install_backend("nuthatch-far", "far", "far_spec", backend="'far_backend:Far'")
    (site.path / "far_backend.py").write_text("import no_such_driver\n")
    spec = backend_spec("far")
    with pytest.raises(PluginFailure) as caught:
        backend_class(spec)
    failure = caught.value
    assert (failure.stage, failure.distribution) == ("import", "nuthatch-far")
    assert isinstance(failure.__cause__, ModuleNotFoundError)
    message = str(failure)
    assert message.index("No module named 'no_such_driver'") < message.index("pip install --force")
    assert not next(check for check in examine() if check.name == "backend far").ok


def test_a_class_that_is_no_backend_is_refused(site: Site) -> None:
    site.install_backend("nuthatch-far", "far", "far_spec", backend="'collections:Counter'")
    with pytest.raises(PluginFailure, match="no SearchBackend"):
        nuthatch.open("far:x")
    site.install_backend("nuthatch-off", "off", "off_spec", backend="'collections:Conuter'")
    with pytest.raises(PluginFailure, match="Conuter"):
        nuthatch.open("off:x")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("class Far(nuthatch.SearchBackend): pass", "does not define open"),
        ("class Far(nuthatch.SearchBackend): open = 'far'", "does not define open"),
        ("class Far(nuthatch.LexicalBackend): pass", "does not define open"),
    ],
)
def test_a_class_that_cannot_be_opened_is_refused(site: Site, body: str, problem: str) -> None:
    site.install_backend("nuthatch-far", "far", "far_spec", backend="'far_backend:Far'")
    (site.path / "far_backend.py").write_text(f"import nuthatch\n{body}\n")
    with pytest.raises(PluginFailure, match=problem) as caught:
        nuthatch.open("far:x")
    assert (caught.value.stage, caught.value.distribution) == ("shape", "nuthatch-far")
    assert not next(check for check in examine() if check.name == "backend far").ok


def test_a_lexical_backend_needs_a_lexical_config(site: Site) -> None:
    config = "__import__('nuthatch').BackendConfig"
    site.install_backend("nuthatch-far", "far", "far_spec", config=config)
    with pytest.raises(PluginFailure, match="no LexicalConfig, BackendConfig") as caught:
        nuthatch.open("far:x")
    assert caught.value.stage == "shape"


def test_the_configuration_is_checked_before_the_driver_is_imported(site: Site) -> None:
    site.install_backend("nuthatch-far", "far", "far_spec", backend="'far_backend:Far'")
    with pytest.raises(nuthatch.InvalidConfig, match="did you mean policy"):
        nuthatch.open("far:x", polcy="ladder")


def test_a_spec_that_imports_a_library_is_reported_by_the_doctor(site: Site) -> None:
    site.install_backend("nuthatch-slow", "slow", "slow_spec")
    (site.path / "a_driver.py").write_text("")
    module = site.path / "slow_spec.py"
    module.write_text("import a_driver, wave\n" + module.read_text())
    [item] = [item for item, _ in list_backends() if item.name == "slow"]
    assert libraries_of_spec(item) == {"a_driver"}
    [check] = [check for check in examine() if check.name == "backend slow"]
    assert check.ok
    assert "imports a_driver" in check.hint


def test_no_spec_of_ours_imports_a_library(site: Site) -> None:
    for item, spec in list_backends():
        assert isinstance(spec, BackendSpec)
        assert not libraries_of_spec(item)


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("text=True", "whose text is True"),
        ("check='native'", "whose check is 'native'"),
        ("filters=NATIVE", "no FilterSupport"),
        ("filters=FilterSupport(range=NATIVE, any_of=1)", "whose filters.any_of is 1"),
        ("max_limit=0", "whose max_limit is 0"),
        ("max_limit=True", "whose max_limit is True"),
        ("max_limit=2.5", "whose max_limit is 2.5"),
        ("grounding=EMULATED", "whose grounding is emulated"),
        ("filters=FilterSupport(mentions=EMULATED)", "whose filters.mentions is emulated"),
    ],
)
def test_capabilities_that_cannot_be_kept_are_refused(
    site: Site, entries: str, problem: str
) -> None:
    site.install(
        "nuthatch-bad",
        backends="bad = bad_spec:SPEC",
        bad_spec="from dataclasses import replace\n"
        "from nuthatch import EMULATED, NATIVE, FilterSupport, memory\n"
        f"capabilities = replace(memory.SPEC.capabilities, {entries})\n"
        "SPEC = replace(memory.SPEC, name='bad', capabilities=capabilities)\n",
    )
    with pytest.raises(PluginFailure, match=problem) as caught:
        backend_spec("bad")
    assert caught.value.stage == "shape"


@pytest.mark.parametrize("name", sorted(name for name, _ in memory.SPEC.capabilities))
def test_only_what_core_emulates_may_be_emulated(site: Site, name: str) -> None:
    entry = name.partition(".")
    inner = f"FilterSupport(**{{**vars_of(c.filters), '{entry[2]}': EMULATED}})"
    site.install(
        "nuthatch-bad",
        backends="bad = bad_spec:SPEC",
        bad_spec="from dataclasses import fields, replace\n"
        "from nuthatch import EMULATED, FilterSupport, memory\n"
        "def vars_of(some): return {part.name: getattr(some, part.name) for part in fields(some)}\n"
        "c = memory.SPEC.capabilities\n"
        f"c = replace(c, {entry[0]}={inner if entry[2] else 'EMULATED'})\n"
        "SPEC = replace(memory.SPEC, name='bad', capabilities=c)\n",
    )
    if name in EMULATED_BY_CORE:
        assert backend_spec("bad").capabilities.support(name).level == "emulated"
    else:
        with pytest.raises(PluginFailure, match=f"{name} is emulated"):
            backend_spec("bad")


def test_two_distributions_with_one_name_fail_only_when_the_name_is_used(site: Site) -> None:
    site.install_backend("nuthatch-one", "same", "one_spec", summary="'one'")
    site.install_backend("nuthatch-two", "same", "two_spec", summary="'two'")
    assert [item.name for item, _ in list_backends()].count("same") == 2
    with pytest.raises(PluginFailure) as caught:
        nuthatch.open("same:x")
    for part in ("nuthatch-one 1.0 (one_spec:SPEC)", "nuthatch-two 1.0 (two_spec:SPEC)"):
        assert part in str(caught.value)
    assert "nuthatch-one:same or nuthatch-two:same" in caught.value.hint
    assert backend_spec("nuthatch-two:same").summary == "two"
    assert backend_spec("Nuthatch_One:same").summary == "one"
    with nuthatch.open("nuthatch-one:same:anywhere") as index:
        assert index.info().documents == 0
    failed = [check for check in examine() if check.name == "backend same"]
    assert [check.ok for check in failed] == [False]


def test_an_unknown_backend_names_those_that_look_alike(site: Site) -> None:
    with pytest.raises(UnknownBackend) as caught:
        nuthatch.open("memry:")
    assert caught.value.near == ("memory",)
    assert "Did you mean memory" in str(caught.value)


def test_alternatives_leave_out_the_broken_and_the_incapable(site: Site) -> None:
    raises_on_import(site)
    site.install_backend("nuthatch-fine", "fine", "fine_spec")
    assert "fine" in backends_with("export", besides="memory")
    assert "bad" not in backends_with("export", besides="memory")
    assert "memory" not in backends_with("export", besides="memory")
    assert "fine" not in backends_with("drop", besides="memory")
    assert backends_with("no.such.feature", besides="memory") == ()


def test_entry_points_that_cannot_be_read_hide_no_other(site: Site) -> None:
    site.install("nuthatch-torn", backends="torn")
    site.install_backend("nuthatch-fine", "fine", "fine_spec")
    assert backend_spec("fine").name == "fine"
    [failure] = discovery.unreadable()
    assert (failure.stage, failure.distribution) == ("metadata", "nuthatch-torn")
    assert any("nuthatch-torn" in check.name and not check.ok for check in examine())


def test_strict_mode_raises_what_is_otherwise_listed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    raises_on_import(site)
    monkeypatch.setenv("NUTHATCH_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailure, match="OSError: disk"):
        list_backends()
    assert any(not check.ok for check in examine())
