"""Which workstream waits for which, across files that are imported together. It renames nothing."""

from __future__ import annotations

from collections.abc import Mapping

from splinter.config.importer import draft, phrases
from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.text.patterns import shown


def dependencies(
    plans: Mapping[int, Source], ids: Mapping[int, str], existing: Mapping[str, tuple[str, ...]]
) -> dict[int, tuple[str, ...]]:
    """The ids each file depends on; what nobody has or what would close a circle stays in its metadata.

    `ids` are the new workstreams' by the number of their file, `existing` the old ones with what they depend on.
    """
    known = _known(plans, ids, existing)
    graph = dict(existing)
    found: dict[int, tuple[str, ...]] = {}
    for number, own in sorted(plans.items()):
        id, lost, kept = ids[number], [], []
        for keys, name in draft.dependencies(own):
            names = known.get(_key(name)) or known.get(_key(name.split(" ")[0])) or ()
            for other in names:
                if other == id or _reaches(graph, other, id):
                    own.leave(keys, f"depending on {shown(name)} would close a circle; dropped, kept under metadata")
                    break
                kept.append(other)
            else:
                (own.take(keys) if names else lost.append((keys, name)))
        _warn_of_lost(own, lost)
        graph[id] = found[number] = tuple(dict.fromkeys(kept))
    return found


def _warn_of_lost(own: Source, lost: list[tuple[Keys, str]]) -> None:
    own.warned.update(keys for keys, _ in lost)
    if lost:
        names = ", ".join(dict.fromkeys(shown(name) for _, name in lost))
        own.warn(lost[0][0], f"dependencies on what is not imported are dropped, kept under metadata: {names}")


def _known(
    plans: Mapping[int, Source], ids: Mapping[int, str], existing: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """What a workstream may be called where others depend on it: its id, as it was and as it is, or its phase's."""
    known: dict[str, tuple[str, ...]] = {}
    for number, own in sorted(plans.items()):
        phase = draft.phase(own)
        if phase:
            known[_key(phase)] = (*known.get(_key(phase), ()), ids[number])
    for number, own in sorted(plans.items(), reverse=True):
        known[_key(draft.identity(own)[1])] = (ids[number],)
    return {**known, **{id: (id,) for id in (*existing, *ids.values())}}


def _key(name: str) -> str:
    return phrases.identifier(name) or name


def _reaches(graph: Mapping[str, tuple[str, ...]], start: str, end: str) -> bool:
    seen, rest = set(), [start]
    while rest:
        here = rest.pop()
        if here == end:
            return True
        if here not in seen:
            seen.add(here)
            rest += graph.get(here, ())
    return False
