"""A few objects written as one pack with its index, as gitformat-pack(5) has them, where no process is worth it."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from splinter.git import object_reader
from splinter.git.object_reader import Object

_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}


def write(folder: Path, objects: Sequence[Object]) -> None:
    """Write whole objects, each once and under 2 GB together, into a folder of packs, without waiting for the disk.

    What git finds there is as its own `index-pack` would have written it.
    """
    pack = bytearray(struct.pack(">4sII", b"PACK", 2, len(objects)))
    rows = []
    for one in objects:
        entry = _head(_KINDS[one.kind], len(one.data)) + zlib.compress(one.data, 1)
        rows.append((bytes.fromhex(one.id), zlib.crc32(entry), len(pack)))
        pack += entry
    length = len(objects[0].id)
    name = object_reader.digest(pack, length)
    index = _index(sorted(rows)) + bytes.fromhex(name)
    (folder / f"pack-{name}.pack").write_bytes(pack + bytes.fromhex(name))
    (folder / f"pack-{name}.idx").write_bytes(index + bytes.fromhex(object_reader.digest(index, length)))


def _head(kind: int, size: int) -> bytes:
    """Kind and size: four bits of the size, then seven in each byte, whose first bit says that another follows."""
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head)


def _index(rows: Sequence[tuple[bytes, int, int]]) -> bytes:
    """Ids, checksums and offsets, sorted by id, behind how many ids there are up to each first byte."""
    firsts = Counter(id[0] for id, *_ in rows)
    counts = accumulate(firsts[byte] for byte in range(256))
    ids, sums, offsets = zip(*rows, strict=True)
    head = struct.pack(">4sI256I", b"\xfftOc", 2, *counts)
    return head + b"".join(ids) + struct.pack(f">{len(rows)}I{len(rows)}I", *sums, *offsets)
