"""What a URL may say, and that no message shows a secret."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import nuthatch
from nuthatch import BackendUnavailable, InvalidConfig
from nuthatch_opensearch.config import Address, OpenSearchConfig


def test_the_hosts_of_a_url() -> None:
    config = OpenSearchConfig.from_url("//a:9201,b,[::1]:9203/", {"index": "films"})
    assert config.addresses == [Address("a", 9201), Address("b", 9200), Address("::1", 9203)]
    assert config.place == "opensearch://a:9201,b,[::1]:9203/?index=films"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("opensearch://host:9200/", "index=NAME"),
        ("opensearch:films?index=films", "write opensearch://host:9200"),
        ("opensearch://host:9200/films?index=films", "write opensearch://host:9200"),
        ("opensearch://host:9200/?index=Films", "small ASCII letters"),
        ("opensearch://host:9200/?index=_films", "the first is a letter"),
        ("opensearch://me:secret@host/?index=a&user=you", "given again"),
        ("opensearch://me@host/?index=a", "a user needs a password"),
        ("opensearch://me:secret@host/?index=a&token=secret", "no two of them"),
        ("opensearch://host/?index=a&ca_certs=ca.pem", "tls=true"),
        ("opensearch://host/?index=a&shard=2", "did you mean shards"),
    ],
)
def test_a_url_that_is_wrong(url: str, reason: str) -> None:
    with pytest.raises(InvalidConfig, match=reason) as caught:
        nuthatch.open(url)
    assert "secret" not in str(caught.value)


def test_no_message_shows_a_secret() -> None:
    config = OpenSearchConfig.from_url("//me:se%40cret@host:1/", {"index": "a"})
    assert config.user == "me"
    assert config.password is not None
    assert config.password.get_secret_value() == "se@cret"
    assert "cret" not in repr(config) + config.place + config.shown


@contextmanager
def scripted(
    status: int, answer: Mapping[str, Any], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Any]]]:
    """A server that gives the same answer to all; what it was sent."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.command, self.path, dict(self.headers)))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


def refuse(kind: str) -> dict[str, Any]:
    cause = {"type": kind, "reason": "no reason"}
    return {"error": {**cause, "root_cause": [cause]}, "status": 0}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user": "me", "password": "secret"}, base64.b64encode(b"me:secret").decode()),
        ({"token": "secret"}, "Bearer secret"),
        ({"sign": lambda method, url, body: {"authorization": f"AWS4 {method}"}}, "AWS4 GET"),
    ],
)
def test_who_asks_is_sent_with_each_request(options: dict[str, Any], expected: str) -> None:
    with scripted(401, refuse("security_exception")) as (address, seen):
        with pytest.raises(BackendUnavailable, match="check user, password") as caught:
            nuthatch.open(f"opensearch://{address}/?index=a", **options)
        assert not caught.value.transient
        assert "secret" not in str(caught.value)
        headers = {name.lower(): value for name, value in seen[0][2].items()}
        assert expected in headers["authorization"]


@pytest.mark.parametrize(
    ("status", "kind", "reason", "transient"),
    [
        (403, "cluster_block_exception", "takes no writes", False),
        (413, "content_too_long", "larger than", False),
        (429, "circuit_breaking_exception", "cannot answer now", True),
        (503, "no_shard_available_action_exception", "cannot answer now", True),
        (500, "null_pointer_exception", "see the cluster's log", False),
    ],
)
def test_what_the_cluster_refuses(status: int, kind: str, reason: str, transient: bool) -> None:
    with scripted(status, refuse(kind)) as (address, seen):
        with pytest.raises(BackendUnavailable, match=reason) as caught:
            nuthatch.open(f"opensearch://{address}/?index=a")
        assert caught.value.transient is transient
        assert kind in str(caught.value) or status == 413
        assert len(seen) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to sign with")
def test_a_certificate_is_verified(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=local"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    refused = refuse("security_exception")
    with scripted(401, refused, tls) as (address, seen):
        url = f"opensearch://{address}/?index=a&tls=true"
        with pytest.raises(BackendUnavailable, match="CERTIFICATE_VERIFY_FAILED") as caught:
            nuthatch.open(url)
        assert not caught.value.transient
        assert seen == []
        for options in ({"ca_certs": certificate}, {"verify": False}):
            with pytest.raises(BackendUnavailable, match="check user, password"):
                nuthatch.open(url, **options)
        assert len(seen) == 2
        with pytest.raises(BackendUnavailable, match="cannot be read"):
            nuthatch.open(url, ca_certs=tmp_path / "none.pem")


def test_another_server_is_no_cluster() -> None:
    with (
        scripted(200, {"a": 1, "b": 2}) as (address, _),
        pytest.raises(BackendUnavailable, match="another server"),
    ):
        nuthatch.open(f"opensearch://{address}/?index=a")
