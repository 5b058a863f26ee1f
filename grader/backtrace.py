"""Who called whom: unwinds a stack from the registers and the memory of one moment, by what .debug_frame says.

The stack may be anything, as the kernel that it is of is broken: whatever is found there ends the list in words.
"""
import functools
from collections.abc import Callable
from dataclasses import dataclass

from .symbols import LR, Place, Symbols

SHOWN = 16              # lines of frames that are kept; what repeats is one
DEEPEST = 20_000        # frames followed: a recursion through megabytes of RAM is long enough to be seen as one
PERIOD = 4              # functions that may call one another in a circle, and be told as one recursion
PAGE = 4096             # bytes of the stack read at a time
SP, PC = 13, 15
UNKNOWN = "further up there is no unwind information"


@dataclass(frozen=True)
class Frame:
    """A function under way: `place` is the instruction it stands before, for a caller its call."""
    place: Place
    times: int = 1          # these `length` frames, this one the last of them, come so many times in a row
    length: int = 1


@dataclass(frozen=True)
class Backtrace:
    frames: tuple[Frame, ...]       # the innermost first
    end: str                        # why it ends there, in words; "" at the outermost function


def unwind(table: Symbols, registers: dict[str, int], read: Callable[[int, int], bytes]) -> Backtrace:
    """The functions under way where `registers` ("r0".."r15", "cpsr") are those of this moment.

    `read(address, size)` gives memory at a virtual address; LookupError where there is none.
    """
    now = [registers[f"r{i}"] & (~1 if i == PC else ~0) for i in range(16)]
    found, end = [now[PC]], ""
    word = _words(read)
    while len(found) < DEEPEST:
        innermost = len(found) == 1
        at = now[PC] if innermost else now[PC] - 1      # within a caller's call: the next line may be another one
        rule, here = table.frame(at), table.function(at)
        if rule is None and not innermost:
            end = UNKNOWN
            break
        if rule is None:            # assembly: lr tells, unless it has been used for a call of its own
            caller, sure = now[LR], here is None or here in table.names(at)
            if not sure and table.function(caller - 1) == here:
                end = UNKNOWN
                break
        elif rule.outermost or LR not in rule.saved and not innermost:
            break                   # it never returns: nobody's address is kept
        else:
            sure = True
            try:
                frame = now[rule.base] + rule.offset & 0xffffffff
                saved = {register: word(frame + offset) for register, offset in rule.saved.items() if register < PC}
            except LookupError:
                end = f"further up the stack pointer, 0x{now[rule.base]:08x}, leads out of memory"
                break
            if frame < now[SP] or frame == now[SP] and not innermost:
                end = "further up the stack leads back to itself"
                break
            for register, value in saved.items():
                now[register] = value
            now[SP] = frame
            caller = now[LR]
        caller &= ~1
        if caller == 0:
            break
        if table.function(caller - 1) is None:
            end = f"and from 0x{caller:08x}, it seems, which is no code of the kernel"
            break
        now[PC] = caller
        found.append(caller)
        if not sure:
            end = UNKNOWN
            break
    else:
        end = "and so on"
    where = functools.cache(table.where)
    return _folded([where(address if i == 0 else address - 1) for i, address in enumerate(found)], end)


def _folded(places: list[Place], end: str) -> Backtrace:
    """The frames with recursion told as one: functions that call one another in a circle, again and again."""
    frames, i = [], 0
    while i < len(places):
        length, times = 1, 1
        for period in range(1, PERIOD + 1):
            again = 1
            while [p.function for p in places[i:i + period]] == \
                    [p.function for p in places[i + again * period:i + (again + 1) * period]]:
                again += 1
            if again > 2:
                length, times = period, again
                break
        frames += [Frame(place, times if j == length - 1 else 1, length if j == length - 1 else 1)
                   for j, place in enumerate(places[i:i + length])]
        i += length * times
    if len(frames) > SHOWN:
        return Backtrace(tuple(frames[:SHOWN]), "and further up")
    return Backtrace(tuple(frames), end)


def _words(read: Callable[[int, int], bytes]) -> Callable[[int], int]:
    """Reads a word of memory, a page of it at a time."""
    page = functools.cache(lambda number: read(number * PAGE, PAGE))

    def word(address: int) -> int:
        if address % 4:
            raise LookupError(f"0x{address:08x}")
        at = address % PAGE
        return int.from_bytes(page(address // PAGE)[at:at + 4], "little")

    return word
