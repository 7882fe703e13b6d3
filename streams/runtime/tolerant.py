"""Reads fetched batches although a header's name is not UTF-8: one such record must not end every worker that meets it.

aiokafka raises UnicodeDecodeError out of its fetch; the position does not move, so the next worker meets it again.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex, overload

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

DEFAULT_FORMAT = 2


class _LenientBytes(bytes):
    """Bytes whose text may hold escapes for what is not UTF-8."""

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def __getitem__(self, key: SupportsIndex | slice, /) -> int | bytes:
        part = super().__getitem__(key)
        return _LenientBytes(part) if isinstance(part, bytes) else part

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        """Text, with an escape for each byte that is not UTF-8."""
        del errors
        return super().decode(encoding, "backslashreplace")


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """The slow parser, on lenient bytes."""

    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _LenientBytes(self._buffer)


class _Batch:
    """A batch of the fast parser, which turns to the lenient one when a header's name cannot be read."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._fast = DefaultRecordBatch(bytes(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fast, name)

    def __next__(self) -> Any:
        return next(self._fast)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._fast
        except UnicodeDecodeError:
            # From the beginning: the caller drops what it has had.
            yield from _LenientBatch(bytearray(self._data))


class TolerantRecords(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetched partition."""

    def next_batch(self) -> Any:
        """The next batch, None after the last."""
        data = self._next_slice
        if data is None:
            return None
        if data[self.MAGIC_OFFSET] < DEFAULT_FORMAT:
            return super().next_batch()
        self._cache_next()
        return _Batch(data)


def install() -> None:
    """Make every consumer of this process read this way."""
    if fetcher.MemoryRecords is MemoryRecords:
        fetcher.MemoryRecords = TolerantRecords
