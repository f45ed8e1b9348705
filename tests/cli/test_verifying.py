"""verify: saved hits, proven without any index."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def saved(run: Run, films: str) -> dict[str, Any]:
    result = run("search", films, "thief space", "--json", "--audit", "grounded")
    loaded: dict[str, Any] = json.loads(result.stdout)
    assert len(loaded["hits"]) > 1
    return loaded


def test_the_result_its_hits_and_one_hit_are_all_read(run: Run, saved: dict[str, Any]) -> None:
    assert len(saved["hits"]) == 3
    for value, kind, count in (
        (saved, "results", 3),
        (saved["hits"], "hits", 3),
        (saved["hits"][0], "hit", 1),
    ):
        result = run("verify", "-", stdin=json.dumps(value))
        assert result.exit_code == 0, result.output
        *lines, summary = result.stdout.splitlines()
        assert len(lines) == count
        assert all(line.startswith("verified") for line in lines)
        assert summary.startswith(f"{count} of {count} hit")
        assert "--root takes a trusted one" in summary
        told = json.loads(run("verify", "-", "--json", stdin=json.dumps(value)).stdout)
        assert (told["holds"], told["file"], told["trusted_root"]) == (kind, "-", None)
        assert len(told["hits"]) == count


def test_a_changed_hit_fails_and_the_others_are_still_told(
    run: Run, saved: dict[str, Any], folder: Path
) -> None:
    saved["hits"][1]["snippet"] += "!"
    (folder / "hits.json").write_text(json.dumps(saved))
    result = run("verify", "hits.json")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "verified",
        "failed",
        "verified",
        "2",
    ]
    told = json.loads(run("verify", "hits.json", "--json").stdout)
    assert told["verified"] is False
    assert [hit["verified"] for hit in told["hits"]] == [True, False, True]
    assert "snippet" in told["hits"][1]["problem"]


def test_a_trusted_root_must_be_the_hits(run: Run, saved: dict[str, Any]) -> None:
    hit = saved["hits"][0]
    right = run("verify", "-", "--root", hit["document_root"], stdin=json.dumps(hit))
    assert right.exit_code == 0
    wrong = run("verify", "-", "--root", "0" * 64, stdin=json.dumps(hit))
    assert wrong.exit_code == 1


def test_hits_without_evidence_fail(run: Run, films: str) -> None:
    result = run("verify", "-", stdin=run("search", films, "thief", "--json").stdout)
    assert result.exit_code == 1
    assert "carries no evidence" in result.stdout


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every object within a JSON value."""
    if isinstance(value, dict):
        yield path
    for key, item in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    ):
        yield from objects(item, (*path, key))


def doubled(value: Any, target: tuple[Any, ...], key: str, first: Any, path: Any = ()) -> str:
    """Return JSON in which the object at a path holds a key twice, at first with another value."""
    if isinstance(value, list):
        parts = [doubled(item, target, key, first, (*path, n)) for n, item in enumerate(value)]
        return f"[{','.join(parts)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs = [
        (name, doubled(item, target, key, first, (*path, name))) for name, item in value.items()
    ]
    if path == target:
        pairs.insert(0, (key, json.dumps(first)))
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in pairs) + "}"


def test_a_key_that_stands_twice_is_refused_wherever(run: Run, saved: dict[str, Any]) -> None:
    """Python takes the last one; whoever reads the first would see what was never verified."""
    for value in (saved, saved["hits"], saved["hits"][0]):
        places = list(objects(value))
        assert len(places) > 2
        for path in places:
            held = value
            for key in path:
                held = held[key]
            for key in held:
                for first in ("forged", held[key]):
                    text = doubled(value, path, key, first)
                    assert json.loads(text) == value
                    result = run("verify", "-", "--json", stdin=text)
                    assert result.exit_code == 2, (path, key)
                    assert f"the key {key!r} stands twice" in result.stderr


def test_a_hit_within_a_hit_is_not_what_is_verified(run: Run, saved: dict[str, Any]) -> None:
    """The object that was given is looked at, not a better one that it holds."""
    forged = {**saved["hits"][0], "title": "forged", "hits": saved["hits"]}
    for value in (forged, {"document_root": "00", **saved}, {"title": "forged", **saved}):
        result = run("verify", "-", stdin=json.dumps(value))
        assert result.exit_code == 2
        assert "neither results nor a hit" in result.stderr
        listed = run("verify", "-", stdin=json.dumps([value, saved["hits"][1]]))
        assert listed.exit_code in (1, 2)
        assert "2 of 2" not in listed.stdout


@pytest.mark.parametrize("change", [{"evidence": [1]}, {"title": ["Heat"]}, {"more": 1}])
def test_a_hit_of_another_shape_fails(run: Run, saved: dict[str, Any], change: Any) -> None:
    result = run("verify", "-", stdin=json.dumps([saved["hits"][0] | change, saved["hits"][1]]))
    assert result.exit_code == 1
    assert "this is not a hit" in result.stdout
    assert "1 of 2 hits proven" in result.stdout


@pytest.mark.parametrize(
    "text",
    [
        *("", "no", "{}", "[]", "[1]", "[[]]", "null", "7", '"x"', "[" * 99_999),
        *('{"hits": []}', '{"hits": 3}', '{"hits": null}', '{"hits": [null]}', '{"hits": {}}'),
        *('[{"hits": []}]', '{"error": {"type": "IndexNotFound"}}', '{"document_root": NaN}'),
    ],
)
def test_what_holds_no_hits_is_wrong_use(run: Run, text: str) -> None:
    result = run("verify", "-", stdin=text)
    assert result.exit_code == 2
    assert "give the output of search --json --audit grounded" in result.stderr
