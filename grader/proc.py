"""What /proc tells of a process: that it waits and will wait for ever, and the processor time it has used."""
import os
import platform
import re

# System calls that can wait without end: number -> (which argument limits the time, its value when there is no limit).
_WAITS = {
    "x86_64": {"202": (3, 0), "271": (2, 0), "7": (2, 0xffffffff)},     # futex, ppoll, poll
    "aarch64": {"98": (3, 0), "73": (2, 0)},                            # futex, ppoll
}.get(platform.machine(), {})
_FUTEX = next(iter(_WAITS), None)


def asleep(pid: int) -> tuple | None:
    """If every thread of a process waits without a time limit: something that stays equal until one moves. Else None.

    Equal twice: nothing has happened in the process since the first time, nor will it unless it comes from outside.
    None too where /proc is missing, or forbidden.
    """
    seen = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            number, *arguments = _read(f"/proc/{pid}/task/{thread}/syscall").split()
            place, forever = _WAITS.get(number, (None, None))
            if place is None or int(arguments[place], 16) != forever:
                return None
            seen.append((thread, re.findall(r"ctxt_switches:\s*(\d+)", _read(f"/proc/{pid}/task/{thread}/status"))))
    except OSError:
        return None
    return tuple(seen)


def waits(pid: int) -> bool:
    """Whether a process's first thread waits for another of its threads; False where /proc does not tell."""
    try:
        number, *arguments = _read(f"/proc/{pid}/task/{pid}/syscall").split()
    except OSError:
        return False
    return number == _FUTEX and int(arguments[3], 16) == 0


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where /proc is missing."""
    try:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(path: str) -> str:
    with open(path) as stream:
        return stream.read()
