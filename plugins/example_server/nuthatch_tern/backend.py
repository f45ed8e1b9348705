"""`TernBackend`: opens an index of the server, and sends its requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, Self

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    Create,
    Durability,
    IndexInfo,
    IndexMetadata,
    IndexNotFound,
    LexicalBackend,
    Schema,
    WriteOutcome,
    corpus_fingerprint,
    get_analyzer,
)

from nuthatch_tern.client import Client, Request
from nuthatch_tern.config import TernConfig
from nuthatch_tern.plugin import SPEC
from nuthatch_tern.read import (
    TernAsyncReader,
    TernReader,
)
from nuthatch_tern.schema import FORMAT
from nuthatch_tern.write import make_batch, read_outcome


class TernBackend(LexicalBackend):
    """An index of the server. Threads, event loops and forked processes may share it."""

    spec = SPEC
    config: TernConfig

    def __init__(
        self,
        config: TernConfig,
        client: Client,
        index: dict[str, Any],
        wanted: Schema | None,
    ) -> None:
        place = config.shown
        record = IndexMetadata.from_json(index["metadata"], place=place, format=FORMAT)
        analyzer: Analyzer = record.check(wanted, place=place, export_only=config.export_only)
        super().__init__(config, record.schema, analyzer)
        self._client = client
        # An index that was dropped, and made again under its name, has another one.
        self._path = f"/data/{index['id']}"

    @classmethod
    def open(
        cls,
        config: TernConfig,
        *,
        create: Create,
        schema: Schema | None,
    ) -> Self | None:
        wanted = IndexMetadata.create(FORMAT, schema or Schema())
        client = Client(config)
        try:
            if create == "new":
                index = client.send(_make_index(config, wanted, {"documents": []}))
            else:
                index = client.send(Request("GET", f"/indexes/{config.index}"))
            return cls(config, client, index, schema)
        except BaseException as error:
            client.close()
            if create is True and isinstance(error, IndexNotFound):
                return None  # core calls make() with the first batch
            raise

    @classmethod
    def make(
        cls,
        config: TernConfig,
        *,
        schema: Schema,
        documents: Sequence[AnalyzedDocument],
        durability: Durability,
    ) -> Self:
        client = Client(config)
        try:
            record = IndexMetadata.create(FORMAT, schema)
            batch = make_batch(documents, get_analyzer(schema.analyzer), durability)
            return cls(config, client, client.send(_make_index(config, record, batch)), schema)
        except BaseException:
            client.close()
            raise

    @classmethod
    def drop(cls, config: TernConfig) -> None:
        client = Client(config)
        try:
            client.send(Request.change("DELETE", f"/indexes/{config.index}"))
        finally:
            client.close()

    def reader(
        self,
        deadline: float | None = None,
    ) -> AbstractContextManager[TernReader]:
        def send(operation: str, body: Any) -> Any:
            return self._client.send(self._make_request(operation, body, deadline))

        return nullcontext(TernReader(send))

    def async_reader(
        self,
        deadline: float | None = None,
    ) -> AbstractAsyncContextManager[TernAsyncReader]:
        async def send(operation: str, body: Any) -> Any:
            return await self._client.send_async(self._make_request(operation, body, deadline))

        return nullcontext(TernAsyncReader(send))

    def _make_request(self, operation: str, body: Any, deadline: float | None = None) -> Request:
        return Request("POST", f"{self._path}/{operation}", body, deadline)

    def _send(self, operation: str, body: Any) -> Any:
        return self._client.send(self._make_request(operation, body))

    def _change(self, operation: str, body: Any) -> Any:
        return self._client.send(Request.change("POST", f"{self._path}/{operation}", body))

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        stored = self._send("roots", list(uris))
        return {uri: bytes.fromhex(root) for uri, root in stored.items()}

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        return read_outcome(self._change("write", make_batch(documents, self.analyzer, durability)))

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        removed: int = self._change("remove", {"uris": list(uris), "durability": durability})
        return removed

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        answer = self._send("info", {"roots": fingerprint})
        roots = sorted(map(bytes.fromhex, answer["roots"]))
        return IndexInfo(
            backend=self.name,
            documents=answer["documents"],
            chunks=answer["chunks"],
            bytes=answer["bytes"],
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=corpus_fingerprint(roots) if fingerprint else None,
            format=FORMAT,
        )

    def close(self) -> None:
        self._client.close()


def _make_index(
    config: TernConfig,
    record: IndexMetadata,
    batch: dict[str, Any],
) -> Request:
    """Return the request that makes an index together with its documents, or not at all."""
    body = {"metadata": record.to_json(), **batch}
    return Request.change("PUT", f"/indexes/{config.index}", body)
