"""What a command in the sandbox may not ask the kernel, as the program by which the kernel refuses it. Pure.

The kernel's keys (`keyctl`) belong to a user and a session and to no namespace: tickets, passwords of mounts and of
disks would be read from in there.
"""

from __future__ import annotations

import struct

# for each machine: how the kernel tells its programs apart, with the numbers of add_key, request_key and keyctl
_X86 = {0xC000003E: (248, 249, 250), 0x40000003: (286, 287, 288)}
_ARM = {0xC00000B7: (217, 218, 219), 0x40000028: (309, 310, 311)}
_MACHINES = {"x86_64": _X86, "aarch64": _ARM, "arm64": _ARM}
_INSTRUCTION = struct.Struct("=HBBI")  # what it does, how far it goes on yes and on no, its number
_LOAD, _IS, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_NUMBER, _KIND = 0, 4  # where a call's number, and the kind of its program, lie
_WITHOUT_X32 = 0xBFFFFFFF  # the bit by which a 64-bit kernel knows calls with short pointers
_ALLOWED, _NOT_PERMITTED = 0x7FFF0000, 0x00050001


def program(machine: str) -> bytes:
    """The program for a machine as `uname` names it; empty for one whose numbers are not known here."""
    kinds = _MACHINES.get(machine)
    if not kinds:
        return b""
    made = [(_LOAD, 0, 0, _KIND)]
    for kind, numbers in kinds.items():
        tests = [(_IS, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
        body = [(_LOAD, 0, 0, _NUMBER), (_AND, 0, 0, _WITHOUT_X32), *tests]
        body += [(_RETURN, 0, 0, _ALLOWED), (_RETURN, 0, 0, _NOT_PERMITTED)]
        made += [(_IS, 0, len(body), kind), *body]
    return b"".join(_INSTRUCTION.pack(*one) for one in (*made, (_RETURN, 0, 0, _ALLOWED)))
