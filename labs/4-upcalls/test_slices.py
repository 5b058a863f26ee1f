"""The checks of lab 4's part b, in the order of the handout's steps.

Environments follow scripts drawn from the run's seed (checks/script.h): they yield, sleep, wait, overstay, transfer.
Who was entered where, and when, to the tick, is followed with a model of exo/slice.h, exo/revoke.h and libos/stride.h.
"""
import importlib.util
import random
import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader import engine
from grader.checks import Boot, Wrong, check, expect_lines

_spec = importlib.util.spec_from_file_location("upcalls", Path(__file__).parent / "test_upcalls.py")
upcalls = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(upcalls)
lab3 = upcalls.lab3

(EXIT, YIELD, SLEEP, TAKE, GIVE, TRANSFER, DESTROY, FAULT, WAIT, PAGES, PASS, FREE, ENTRY, MAKE, GUARANTEE, SAVE_WORD,
 ASK, IF_TOLD, UNTIL) = range(19)
# of a save page: the last is the slice slot's CPSR
EXCESS_WORD, WANTED_WORD, REPOSSESSED_WORD, SLOT_WORD = 7, 8, 9, 989
NO_NAME, OLD, UNKNOWN, SYNC = 0xff, 0x40, 0x80, 0x100              # checks/script.h
ENTERED_REVOKE, ENTERED_TRANSFER, ENTERED_END, BEGIN, RETURNED = 0, 1, 2, 3, 21
CODE, WAITING, FAULTING = 0x10000, 0x10010, 0x10040
COUNT, TICKS, LEAST, MOST = 16, 100_000, 1000, 8                    # SLICE_COUNT, SLICE_TICKS, SLICE_LEAST, EXCESS_MAX
ENDED_EXIT, ENDED_NESTED, ENDED_EXCESS, ENDED_KILLED = 1, 2, 3, 4
INVAL, NOMEM, EXISTS, NOENT, PERM = -1, -2, -3, -4, -6
# instructions: of a switch; where an environment ends, too; of who reads the counter once more
KERNEL, ENDING, EXACT = 8000, 160_000, 60
ENDS = {0: "alive", 1: "ended by itself", 2: "ended: it faulted within a fault",
        3: "ended: it stayed too long behind its slices' ends",
        4: "ended by who held its capability"}
ENTRY_NAMES = {ENTERED_REVOKE: "entered at revoke", ENTERED_TRANSFER: "entered at transfer",
               ENTERED_END: "entered at end",
               BEGIN: "entered at begin", RETURNED: "goes on"}
EVENT = struct.Struct("<5Q17Ixxxx")


@dataclass
class Event:
    time: int
    left: int
    timer: int
    wake: int
    asked: int
    env: int
    id: int
    what: int
    r0: int
    r7: int
    any: int
    cpsr: int
    excess: int
    slot_pc: int
    slot_cpsr: int
    space: int
    wanted: int
    repossessed: int
    taken: int
    pages: int
    lowest: int
    zero: int

    @property
    def where(self):
        name = ENTRY_NAMES.get(self.what, f"at a fault's entry ({self.what})")
        return f"environment {self.env} {name}" + (f" with r0 {signed(self.r0)}" if self.what == RETURNED else "")


def signed(value):
    value -= (value & 1 << 31) << 1
    return upcalls.ERRORS.get(value, str(value))


def name(a):
    if a & 0xff == NO_NAME:
        return "nobody"
    who = f"{a & 0x3f}"
    return f"{who}'s predecessor" if a & OLD else f"a name like {who}'s that nobody has" if a & UNKNOWN else who


def words(op):
    """An operation, as a sentence's end."""
    what, a, b, c = op
    return {EXIT: "exits", YIELD: f"yields to {name(a)}", SLEEP: "sleeps for ever" if b else f"sleeps for {a} ticks",
            TAKE: f"takes slice {a}", GIVE: f"gives slice {b} to {name(a)}", DESTROY: f"ends {name(a)}",
            TRANSFER: f"transfers to {name(a)}" + " synchronously" * bool(a & SYNC), FAULT: "faults within a fault",
            WAIT: f"waits for {a} interrupt{'s'[:a > 1]}", PAGES: f"page operations ({b} of kind {a})",
            PASS: f"works for {a} ticks",
            FREE: "frees its slice slot", ENTRY: f"sets entry {a} to {b:#x}", MAKE: "(a new environment)",
            GUARANTEE: f"guarantees itself {b} pages", SAVE_WORD: f"writes word {a} of its save page",
            ASK: "(a page operation finds no page free)", IF_TOLD: "(if it is told)",
            UNTIL: f"works until {a} ticks are left"}[what]


@dataclass
class Script:
    """What environments there are, who owns the slices at first, and what each does."""
    envs: int
    owners: list
    ops: list                               # of each environment
    pages: dict = field(default_factory=dict)       # of each, from HEAP on
    exhausted: bool = False                         # no page is free

    def pack(self):
        ops = [list(each) for each in self.ops] + [[] for _ in range(16 - len(self.ops))]
        firsts, flat = [0], []
        for each in ops:
            flat += each
            firsts.append(len(flat))
        owners = [NO_NAME if owner is None else owner for owner in self.owners]
        return struct.pack("<I16I16II17I", self.envs, *owners, *(self.pages.get(n, 0) for n in range(16)),
                           self.exhausted, *firsts) + b"".join(
            struct.pack("<4I", *op) for op in flat)


def op(what, a=0, b=0, c=0):
    return (what, a & 0xffffffff, b & 0xffffffff, c)


NEXT = op(YIELD, NO_NAME)


def keep_events(held):
    count = min(held.word(held.address("event_count")), 2048)
    data = held.memory(held.address("events"), count * EVENT.size)
    held.keep("events", [Event(*EVENT.unpack_from(data, i * EVENT.size)) for i in range(count)])
    held.keep("begun", struct.unpack("<Q", held.memory(held.address("tapped"), 8))[0])
    held.keep("ends", struct.unpack("<64I", held.memory(held.address("events_end"), 256)))


def scripted(make, payload="slices", **more):
    return Boot(payload, input=lambda seed: make(random.Random(seed)).pack(), read_at_end=keep_events,
                budget=more.pop("budget", 50_000_000), wfi=100_000, **more)


# The model.

class Copied:
    """What is copied often, faster than copy.copy() does it."""

    def copy(self):
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other


@dataclass
class Env(Copied):
    gen: int
    alive: bool = True
    told: bool = False          # its time is up
    entered: bool = False       # and it has been told so
    excess: int = 0
    shown: int = 0              # what its save page says of that
    wake: int = 0
    lent: tuple | None = None
    full: bool = False          # its slice slot
    transfer: bool = True       # whether it has that entry
    ended: int = 0
    parent: tuple | None = None
    asked_for: bool = False     # it has ended, and its name stays taken as its parent may ask


class Astray(Exception):
    """What was to come next, and did not: expected, and what came if that is no event; and why, in sentences."""
    why = ""


class Time(Copied):
    """exo/slice.h, followed event by event."""
    kernel, ending = KERNEL, ENDING

    def __init__(self, script):
        self.script = script
        self.envs = {n: Env(0, parent=(0, 0) if n % 2 else None) for n in range(script.envs)}
        self.slices = [[None, None] for _ in range(COUNT)]
        for i, owner in enumerate(script.owners[:COUNT - 1]):
            if owner is not None:
                self.slices[i] = [(owner, 0), (owner, 0)]
        self.position, self.ends, self.due, self.named = COUNT - 1, 0, 0, None
        self.at = [0] * 64
        self.lines = []
        self.because = ""           # why who ran does no more

    # Names.

    def find(self, who):
        env = self.envs.get(who[0]) if who else None
        return env if env is not None and env.alive and env.gen == who[1] else None

    def named_by(self, a):
        slot = a & 0x3f
        if a & 0xff == NO_NAME or a & UNKNOWN or slot not in self.envs:
            return None
        who = (slot, self.envs[slot].gen - (1 if a & OLD else 0))
        return who if self.find(who) else None

    def name(self, slot):
        return (slot, self.envs[slot].gen)

    # What the kernel does.

    def assign(self, index, owner, user):
        self.slices[index] = [owner, user]
        env = self.find(user)
        if index == self.position and env is not None:
            env.lent = None

    def end(self, slot, how):
        env, who = self.envs[slot], self.name(slot)
        env.alive, env.ended = False, how
        env.asked_for = self.find(env.parent) is not None
        for other in self.envs.values():
            other.asked_for &= other.parent != who
        for i, (owner, user) in enumerate(self.slices):
            if owner == who:
                self.assign(i, None, None)
            elif user == who:
                self.assign(i, owner, owner)

    def make(self):
        slot = next(n for n in range(64) if n not in self.envs or not self.envs[n].alive and not self.envs[n].asked_for)
        gen = self.envs[slot].gen + 1 if slot in self.envs else 0
        self.envs[slot] = Env(gen, parent=self.name(0) if slot % 2 else None)

    def settle(self):
        s = self.slices[self.position]
        env = self.find(s[1])
        while env is not None and env.lent is not None and env.lent != s[1]:
            s[1] = env.lent
            env = self.find(s[1])
        if env is None:
            s[1] = s[0]

    def tick(self, slot, late):
        """As many ticks, told at once. "end": it is told; "ended": it ended; None: it goes on."""
        env = self.envs[slot]
        self.due += late * TICKS
        if late and env.told and env.excess == MOST:
            self.because = f"Environment {slot} owed EXCESS_MAX already when the tick came: it ends."
            self.end(slot, ENDED_EXCESS)
            return "ended"
        if late and not env.told:
            env.told, late, env.entered = True, late - 1, False
        env.excess = env.shown = min(MOST, env.excess + late)
        if env.told and not env.entered and not env.full:
            env.entered = env.full = True
            return "end"
        return None

    def next(self, since, now, rounds, who, tell=lambda sentence: None):
        """Who runs next, if so many rounds of paying are over before the counter is `now`: (environment, whether by
        name, when); (None, ...) if nobody ever will. `tell` gets sentences that say why."""
        env, left = self.find(who), max(0, self.ends - now)
        if env is not None and env.wake <= now and left >= LEAST:
            tell(f"Environment {who[0]} was named, is awake, and {left} ticks are left of the slice: SLICE_LEAST or "
                 "more.")
            return who[0], True, now
        if env is not None:
            tell(f"Environment {who[0]} was named, but " + ("sleeps." if env.wake > now else
                                                            f"{left} ticks are left of the slice: less than "
                                                            "SLICE_LEAST."))
        self.settle()
        while True:
            wake, owing, later, now = None, False, now, since if rounds > 0 else now
            rounds -= 1
            for n in range(1, COUNT + 1):
                i = (self.position + n) % COUNT
                env = self.find(self.slices[i][1])
                if env is None:
                    continue
                if env.wake > now:
                    tell(f"Slice {i}: {self.whose(i)} sleeps.")
                    wake = env.wake if wake is None else min(wake, env.wake)
                elif env.excess:
                    tell(f"Slice {i}: {self.whose(i)} owes {env.excess}, and pays one.")
                    env.excess -= 1
                    env.shown = env.excess
                    owing = True
                else:
                    tell(f"Slice {i}, the next one behind slice {self.position} of somebody awake who owes nothing: "
                         f"{self.whose(i)}.")
                    self.position = i
                    env.lent = None
                    return self.slices[i][1][0], False, now
            now = later
            if not owing:
                if wake is None or wake == (1 << 64) - 1:
                    return None, False, now
                tell(f"Nobody can run, and nobody pays: the kernel sleeps until {max(now, wake)}.")
                now = max(now, wake)

    def whose(self, i):
        owner, user = self.slices[i]
        return f"environment {user[0]}" + f", to whom {owner[0]}'s is lent," * (owner != user)

    def switch(self, since, event, last):
        """The one that ran has stopped; `event`, the next, has to follow from that. since: when it
        stopped, at the earliest."""
        if last is not None and last in self.envs:
            self.envs[last].told = False
        self.stopped()
        who, self.named = self.named, None
        until = since + self.ending if event is None else min(event.time, since + self.ending)
        moments = sorted({since, until, *(env.wake for env in self.envs.values() if since < env.wake <= until),
                          *(t for t in (self.ends - LEAST, self.ends - LEAST + 1) if since < t <= until)})
        wrong, found = None, []
        owed = max((env.excess for env in self.envs.values() if env.alive), default=0)
        for now, rounds in ((now, rounds) for now in moments for rounds in range(1 if now == since else owed + 1)):
            other = self.another()
            try:
                other.chosen(*other.next(since, now, rounds, who), since, now, event)
            except Astray as astray:
                wrong = wrong or astray
                continue
            found += [other] * (other.state() not in [each.state() for each in found])
        if not found:
            said = [self.because] * bool(self.because)
            self.another().next(since, moments[0], 0, who, said.append)
            wrong.why = " ".join(said)
            raise wrong
        vars(self).update(vars(found[0]))
        self.others = found[1:]

    def another(self):
        other = self.copy()
        other.envs = {n: env.copy() for n, env in self.envs.items()}
        other.slices, other.at = [[*s] for s in self.slices], self.at[:]
        return other

    def state(self):
        return self.envs, self.slices, self.position, self.ends, self.due

    def chosen(self, slot, by_name, then, since, now, event):
        """`event` is what comes of that choice, made when the counter was `then`."""
        if slot is None:
            if event is not None:
                raise Astray("nobody can ever run: env_run() returns")
            return
        if event is None or slot != event.env or event.what != (ENTERED_REVOKE if self.revoking(slot) else BEGIN):
            raise Astray(f"environment {slot} is {ENTRY_NAMES[ENTERED_REVOKE if self.revoking(slot) else BEGIN]}" +
                         (", with what is left of the slice" if by_name
                          else f", when the counter is {then} or a little more"))
        self.begun(slot)
        if by_name:
            if abs(event.timer - self.due) > EXACT:
                raise Astray(f"environment {slot} has what is left of the slice: the timer stays at {self.due}",
                             f"it is set to {event.timer}")
            return
        began = event.timer - TICKS
        if not (since if then == now else then) - EXACT <= began <= event.time or event.time - began > self.kernel or \
                began - then > (self.ending if then == now else self.kernel):
            raise Astray(f"environment {slot}'s slice ends {TICKS} ticks behind its beginning, {then} or a little "
                         "later: the timer is "
                         "set so", f"the timer is set to {event.timer}" if event.timer else "the timer is off")
        self.ends = self.due = event.timer

    def stopped(self):
        """Before the next one is chosen."""

    def begun(self, slot):
        """It has been entered at begin, or at revoke."""

    def revoking(self, slot):
        return False

    # What happens.

    def follow(self, run, events, look="slice.c"):
        self.run, self.look = run, look
        worlds, after = [self], events[0] if events else None
        try:
            self.switch(run.kept["begun"], after, None)
            worlds += self.others
            for event, after in zip(events, [*events[1:], None]):
                self.lines.append(f"{event.time}: {event.where}")
                before, worlds, wrong = worlds, [], None
                for world in before:
                    try:
                        world.others = []
                        world.carry_out(event, after)
                        worlds += [each for each in (world, *world.others)
                                   if each.state() not in [other.state() for other in worlds]]
                    except Astray as astray:
                        wrong = wrong or astray
                if not worlds:
                    raise wrong
        except Astray as astray:
            expected, *got = astray.args
            got = got[0] if got else self.ended_before(run, events, after) + (
                f"{after.where}, at {after.time}" if after else "nobody was entered any more")
            raise Wrong((f"Event {len(self.lines)} of the schedule." if self.lines else "At the beginning.") + 
                        " " * bool(astray.why) +
                        astray.why + " What went before, with the counter:" * bool(self.lines),
                        expected=[*self.lines[-6:], f"then: {expected}"], got=[*self.lines[-6:], f"then: {got}"],
                        look=self.look, run=run) from None
        self.over(run, worlds[0])

    def ended_before(self, run, events, after):
        """Words on who ran last, if it has ended and should not have."""
        last = events[len(self.lines) - 1] if self.lines else None
        if last is None or not self.envs[last.env].alive or any(event.id == last.id
                                                                for event in events[len(self.lines):]):
            return ""
        how = run.kept["ends"][last.env]
        return f"environment {last.env} {ENDS[how]}; then " if how in (ENDED_NESTED, ENDED_EXCESS) else ""

    def over(self, run, world):
        """What is left in the end."""
        for n, env in world.envs.items():
            got = run.kept["ends"][n]
            if n < self.script.envs and got != env.ended:
                raise Wrong(f"How environment {n} is in the end.", expected=ENDS[env.ended], got=ENDS.get(got, got),
                            look=self.look, run=run)

    def entered(self, event):
        """The state in which it was entered, beyond that it was."""
        env = self.envs[event.env]
        if event.what in (BEGIN, ENTERED_REVOKE) and (event.r0 | event.r7 | event.any or event.cpsr != 0x10):
            raise Wrong(f"Environment {event.env} is {event.where.partition(' ')[2].partition(' ')[2]}.",
                        expected="every register 0, CPSR 0x10",
                        got=f"CPSR 0x{event.cpsr:08x}, bits of registers 0x{event.r0 | event.r7 | event.any:08x}",
                        look=self.look, run=self.run)
        if event.excess != env.shown:
            raise Astray(f"environment {event.env}'s save page says that it owes {env.shown}",
                         f"it says {event.excess}")
        if not event.space:
            raise Astray(f"environment {event.env} runs with its own tables and its own ASID", "with another's")

    def carry_out(self, event, after):
        self.because = ""
        self.entered(event)
        line = self.lines[-1].partition(";")[0]
        slot, env = event.env, self.envs[event.env]
        ops = self.script.ops[slot] if slot < len(self.script.ops) else []
        while True:
            does = ops[self.at[slot]] if self.at[slot] < len(ops) else op(EXIT)
            self.at[slot] += 1
            line += f"; {words(does)}"
            self.lines[-1] = line
            if does[0] < PASS:
                break
            if does[0] == FREE:
                env.full = False
            elif does[0] == SAVE_WORD and does[1] == SLOT_WORD:
                env.full = bool(does[2])
            elif does[0] == SAVE_WORD and does[1] == EXCESS_WORD:
                env.shown = does[2]
            elif does[0] == ENTRY and does[1] == ENTERED_TRANSFER:
                env.transfer = bool(does[2])
            elif does[0] == MAKE:
                self.make()
            elif does[0] == IF_TOLD and event.what != ENTERED_REVOKE:
                self.at[slot] += does[1]
            self.checks(event, slot, does)
        # Its time may have been up before it got there.
        if self.due <= event.left:
            told = self.tick(slot, (event.left - self.due) // TICKS + 1)
            if told == "ended":
                return self.switch(event.left, after, None)
            if told == "end":
                return self.told(slot, after, {WAIT: WAITING, FAULT: FAULTING}.get(does[0], CODE), event.left)
        self.does(event, after, slot, env, does)

    def checks(self, event, slot, does):
        """An operation of the check's."""

    def told(self, slot, after, pc, since, slack=None):
        """`after` has to be its entry at `end`."""
        if after is None or after.env != slot or after.what != ENTERED_END:
            astray = Astray(f"environment {slot} is entered at end, when the counter is {since} or a little more")
            astray.why = "The end of the slice has come, it has not been told, and its slice slot is free."
            raise astray
        if after.slot_pc != pc or after.slot_cpsr & ~0xf0000000 != 0x080f0010:
            raise Astray(f"its slice slot has pc 0x{pc:08x}, CPSR 0x.80f0010",
                         f"pc 0x{after.slot_pc:08x}, CPSR 0x{after.slot_cpsr:08x}")
        self.timed(after, since, slack)

    def timed(self, event, since, slack=None):
        if not since <= event.time <= since + (slack or self.kernel):
            raise Astray(f"{event.where} when the counter is {since} or a little more", f"when it is {event.time}")
        if abs(event.timer - self.due) > EXACT:
            raise Astray(f"the next tick is due at {self.due}: the timer is set to that", f"it is set to {event.timer}")

    def returned(self, slot, after, results, since):
        """A system call returns; ticks may have passed meanwhile."""
        if after is not None and after.env == slot and after.timer > self.due + EXACT:
            late = round((after.timer - self.due) / TICKS)
            if self.due + (late - 1) * TICKS > after.time:
                raise Astray(f"the timer stays at {self.due}", f"it is set to {after.timer}")
            since = self.due
            told = self.tick(slot, late)
            if told == "end":
                return self.told(slot, after, CODE + 4, since, self.ending)
        if (after is None or after.env != slot) and self.due <= since + self.ending and \
                self.another().tick(slot, 1) == "ended":
            since = self.due
            self.tick(slot, 1)
            return self.switch(since, after, None)
        shown = " or ".join(sorted({signed(result & 0xffffffff) for result in results}))
        results = [result & 0xffffffff for result in results]
        if after is None or after.env != slot or after.what != RETURNED or after.r0 not in results:
            raise Astray(f"environment {slot} goes on with r0 {shown}")

    def does(self, event, after, slot, env, does):
        what, a, b, _ = does
        now = event.left
        if what == EXIT:
            self.end(slot, ENDED_EXIT)
            self.switch(now, after, None)
        elif what == FAULT:
            self.end(slot, ENDED_NESTED)
            self.switch(now, after, None)
        elif what == YIELD:
            who = self.named_by(a)
            if a & 0xff != NO_NAME and who is None:
                return self.returned(slot, after, {NOENT}, now)
            self.named = who
            self.switch(now, after, slot)
        elif what == SLEEP:
            env.wake = event.wake
            self.switch(now, after, slot)
        elif what == TAKE:
            result = INVAL if a >= COUNT else EXISTS if self.slices[a][0] else 0
            if result == 0:
                self.assign(a, self.name(slot), self.name(slot))
            self.returned(slot, after, {result}, now)
        elif what == GIVE:
            who = self.named_by(a)
            wrong = {error for error, there in (
                (INVAL, b >= COUNT), (PERM, b < COUNT and self.slices[b][0] != self.name(slot)),
                (NOENT, a & 0xff != NO_NAME and who is None)) if there}
            if not wrong:
                self.assign(b, who, who)
            self.returned(slot, after, wrong or {0}, now)
        elif what == DESTROY:
            who = self.named_by(a)
            if who is None:
                gone = self.envs.get(a & 0x3f) if a == a & 0x3f else None
                if gone is not None and gone.asked_for:
                    gone.asked_for = False
                    return self.returned(slot, after, {0}, now)
                return self.returned(slot, after, {NOENT}, now)
            self.end(who[0], ENDED_KILLED)
            if who[0] == slot:
                return self.switch(now, after, None)
            self.returned(slot, after, {0}, now)
        elif what == WAIT:
            for _ in range(a):
                now = self.due
                told = self.tick(slot, 1)
                if told == "end":
                    return self.told(slot, after, WAITING + 4, now)
                if told == "ended":
                    return self.switch(now, after, None)
            if after is None or after.env != slot or after.what != RETURNED:
                raise Astray(f"environment {slot} goes on, when the counter is {now} or a little more")
            self.timed(after, now)
        elif what == TRANSFER:
            self.transfer(after, slot, env, a, now)
        else:
            self.pages(after, slot, does, now)

    def transfer(self, after, slot, env, a, now):
        who = self.named_by(a & ~SYNC)
        callee = self.find(who)
        wrong = {PERM} if env.told else {NOENT} if callee is None or not callee.transfer else set()
        if wrong:
            if a & SYNC and callee is not None and not env.told:
                other = self.another()
                for who in (slot, who[0]):
                    other.envs[who].lent = None
                self.others = [other]
                other.returned(slot, after, wrong, now)
            return self.returned(slot, after, wrong, now)
        if a & SYNC:
            callee.lent = None
            env.lent = who
        if after is None or after.env != who[0] or after.what != ENTERED_TRANSFER:
            raise Astray(f"environment {who[0]} is entered at transfer")
        if after.time - now > 400:
            raise Astray(f"environment {who[0]} is entered at transfer within a few instructions",
                         f"{after.time - now} ticks later")
        if abs(after.timer - self.due) > EXACT:
            raise Astray(f"the slice goes on: the timer stays at {self.due}", f"it is set to {after.timer}")


def followed(run, make, look="slice.c"):
    Time(make(run.random())).follow(run, run.kept["events"], look)


def anybody(rng, envs):
    """A name for an operation: mostly of somebody there."""
    return rng.choice((*range(envs), *range(envs), *range(envs), rng.randrange(envs) | OLD,
                       rng.randrange(envs) | UNKNOWN))


def owners(rng, envs, nobody=3):
    return [rng.choice((*range(envs), *[None] * nobody)) for _ in range(COUNT - 1)] + [None]


def at_random(rng, envs, count, kinds, nobody=3):
    """Scripts of operations drawn with those weights."""
    scripts = []
    for slot in range(envs):
        ops = []
        for _ in range(count):
            kind = rng.choices(list(kinds), list(kinds.values()))[0]
            ops += [op(PASS, rng.choice((10, 2000, 40_000, 97_500, rng.randrange(120_000))))] * (rng.randrange(3) == 0)
            if rng.randrange(8):
                ops.append(op(FREE))
            ops.append({
                "nobody": lambda: op(YIELD, NO_NAME), "yield": lambda: op(YIELD, anybody(rng, envs)),
                "take": lambda: op(TAKE, rng.choice((*range(17), 0x80000000, 0xffffffff))),
                "give": lambda: op(GIVE, rng.choice((NO_NAME, anybody(rng, envs))),
                                   rng.choice((*range(17), 0xffffffff))),
                "sleep": lambda: op(SLEEP, rng.choice((0, 1000, rng.randrange(200_000), rng.randrange(20_000_000)))),
                "wait": lambda: op(WAIT, rng.choice((1, 1, 2, 3, 5, 9, 11))),
                "late": lambda: op(PASS, rng.randrange(12) * TICKS + 50_000),
                "end": lambda: op(DESTROY, anybody(rng, envs)), "make": lambda: op(MAKE), "fault": lambda: op(FAULT),
                "transfer": lambda: op(TRANSFER, anybody(rng, envs)),
                "lend": lambda: op(TRANSFER, anybody(rng, envs) | SYNC),
                "entry": lambda: op(ENTRY, ENTERED_TRANSFER, rng.randrange(2)),
            }[kind]())
        scripts.append(ops)
    return Script(envs, owners(rng, envs, nobody), scripts)


# 4.7: slices.

def turns(rng):
    script = at_random(rng, 8, 24, {"nobody": 6, "yield": 5, "take": 2, "give": 2})
    # What is left is not worth giving; then just worth it.
    script.owners[0] = 0
    script.ops[0] = [op(UNTIL, LEAST - 100), op(YIELD, 1), op(UNTIL, LEAST + 500), op(YIELD, 1), *script.ops[0]]
    return script


@check(points=8, step="4.7", boots=scripted(turns),
       hint="slice_next() begins behind slice_position and looks at the running slice itself last.")
def test_turns(run):
    """Slices come round in the vector's order; who yields passes the rest on, or ends it; they are taken and given."""
    followed(run, turns)


def overstaying(rng):
    """Slices that end amid waits and work; slots that are free and full; those that stay too long."""
    script = at_random(rng, 7, 18, {"nobody": 4, "wait": 8, "late": 5, "yield": 2})
    for slot in range(7):
        script.owners[2 * slot % 15] = slot         # nobody is without
    # One that stays exactly as long as it may, and one that stays one tick longer; one whose slot never is free.
    # (And, as it owes all that it may, is late at the end of a slice that it was given.)
    script.owners = [None if owner == 0 and i else owner for i, owner in enumerate(script.owners)]
    script.ops[0] = [op(WAIT, 1), op(WAIT, 8), NEXT, op(FREE), op(PASS, 2 * TICKS + 50_000), *[NEXT] * 12, op(FREE),
                     op(WAIT, 1), op(FREE),
                     op(WAIT, 3), NEXT]
    script.ops[6] = [op(YIELD, 0), *script.ops[6]]
    script.ops[1] = [op(WAIT, 1), op(WAIT, 8), op(WAIT, 1)]
    script.ops[2] = [op(WAIT, 1), op(YIELD, NO_NAME), op(WAIT, 8), op(FREE), op(WAIT, 1), op(YIELD, NO_NAME),
                     *[op(YIELD, NO_NAME)] * 20]
    script.ops[3] = [op(WAIT, 1), op(YIELD, NO_NAME), op(WAIT, 9), op(WAIT, 1)]
    # Who owes says that it does not; whose slot is in use with a CPSR that is none of user mode.
    script.ops[5] = [op(WAIT, 1), op(WAIT, 3), op(SAVE_WORD, EXCESS_WORD, 0), op(WAIT, 1),
                     op(SAVE_WORD, EXCESS_WORD, 0x7fffffff), NEXT, op(SAVE_WORD, SLOT_WORD, 0x20), op(WAIT, 2),
                     op(FREE),
                     op(WAIT, 1), NEXT, *script.ops[5]]
    script.ops[4] = [op(PASS, 30 * TICKS), op(FREE), op(WAIT, 1), op(YIELD, NO_NAME), op(YIELD, NO_NAME),
                     op(PASS, 12 * TICKS), op(FREE),
                     op(WAIT, 1), op(WAIT, 1)]
    return script


@check(points=8, step="4.7", boots=scripted(overstaying), needs="turns",
       hint="The first tick is the slice's end, and owes nothing; each one behind it owes a slice, at most EXCESS_MAX "
            "in all. Several may "
            "have passed when it is told. They are counted from the end on, and not from when the kernel comes to it.")
def test_excess(run):
    """Who stays behind a slice's end is told once, owes one for each further tick, pays in its turn, ends at last."""
    followed(run, overstaying)


def sleeping(rng):
    script = at_random(rng, 7, 14, {"sleep": 8, "nobody": 2, "yield": 3, "wait": 2, "late": 1}, 5)
    for ops in script.ops[1:]:
        ops.insert(0, op(SLEEP, rng.randrange(50_000_000, 60_000_000)))
    script.ops[0] = [op(WAIT, 1), op(WAIT, 6), NEXT, op(SLEEP, 300_000_000), op(SLEEP, 900_000_000), op(FREE),
                     op(WAIT, 1), op(WAIT, 7),
                     op(SLEEP, 100), op(SLEEP, 2_000_000_000), op(SLEEP, 2_000_000_000), op(FREE), op(WAIT, 1),
                     op(WAIT, 1), NEXT]
    script.ops[1] = [*script.ops[1][:6], op(SLEEP, 0, 1)]
    script.owners[3], script.owners[9] = 0, 1
    return script


@check(points=5, step="4.7", boots=scripted(sleeping), needs="excess",
       hint="Where nobody can run but somebody sleeps, timer_set() and trap_idle(); then look again. Debts are paid in "
            "rounds in which"
            " nobody runs, and no time passes in those.")
def test_sleep(run):
    """Sleepers are passed over until it is time; while all sleep so does the kernel; if for ever, it is over."""
    followed(run, sleeping)


THUMB_PAGE = CODE + 0x1000


def it_at(pc):
    """The IT state at that pc of checks/ends.c's page of IT blocks."""
    block, within = divmod((pc - THUMB_PAGE) // 2, 5)
    it = block % 14 << 4 | (block * 2 & 14) | 1 if within else 0
    for _ in range(within - 1):
        it = lab3.advanced(it)
    return it


PLACES = (4, 0x40100000, 0x09000000, 0x80000000, lab3.DATA, lab3.NOTHING, 0xfffffffc, upcalls.SAVE_VA)      # 4: means 0


def interrupted(rng):
    cases = []
    for i in range(160):
        thumb = i % 2 > 0
        pc = rng.randrange(THUMB_PAGE, THUMB_PAGE + 0xa00, 2) if thumb else rng.randrange(CODE, CODE + 0x600, 4)
        tf = lab3.Frame.random(rng, pc, thumb)
        tf.cpsr = lab3.with_it(tf.cpsr & ~(lab3.A | lab3.I | lab3.F), it_at(pc) if thumb else 0)
        x = rng.randrange(90, 330)
        y = 0
        if i >= 130:
            y = rng.choice(PLACES) if i % 4 else upcalls.TELL + 8 + rng.randrange(1, 4)
        cases.append(upcalls.Case(f"A slice ends {x} ticks after the application went on at 0x{pc:08x}, in "
                                  f"{'Thumb' if thumb else 'A32'}" +
                                  (f", its entry end is 0x{y & ~4 if y == 4 else y:08x}" if y else ""), tf, b"", x=x,
                                  y=y))
    return cases


@check(points=6, step="4.7", boots=upcalls.boot(interrupted, "ends"), needs="turns",
       hint="The frame has what was interrupted: all of it goes to the slice slot or stays where it is, and the "
            "application goes on at "
            "`end` in A32 and little-endian.")
def test_ends(run):
    """At a slice's end its slot has just what was interrupted, in A32, Thumb and IT blocks; all else is as it was."""
    cases, moved = interrupted(run.random()), set()
    seen = list(zip(run.kept["seen"], run.kept["told"]))
    for i, each in enumerate(cases):
        if i >= len(seen) or seen[i][0][0] != i:
            raise Wrong(f"{each.what}.", expected="it is entered at end", got="it was not entered",
                        look="slice_end, in slice.c", run=run)
        (entry, told), state = seen[i], each.tf
        frame, number, slot = lab3.frame_of(entry), entry[1], list(told[7:14])
        odd = each.y and each.y & ~3 != upcalls.TELL + 8
        place = "prefetch_abort, as end cannot be fetched" if odd else "end"
        lab3.compare(f"{each.what}.", [f"entered at {place}"],
                     [f"entered at {place}" if number == (5 if odd else 2)
                      else f"entered at {upcalls.ENTRY[min(number, 20)]}"],
                     "slice_end, in slice.c", run)
        pc = slot[6]
        if not state.pc <= pc <= state.pc + 4 * each.x or pc & (1 if state.cpsr & lab3.T else 3):
            raise Wrong(f"{each.what}.", expected=f"the slice slot's pc is there, or up to {each.x} instructions on",
                        got=f"pc 0x{pc:08x}",
                        look="slice_end, in slice.c", run=run)
        moved.add(pc - state.pc)
        cpsr = lab3.with_it(state.cpsr, it_at(pc)) if state.cpsr & lab3.T else state.cpsr
        lab3.compare(f"{each.what}. What is wrong with the slice slot:",
                     [f"{name} 0x{word:08x}" for name, word in zip(upcalls.SLOT, (cpsr, 0, 0, *state.r[:3], pc))],
                     [f"{name} 0x{word:08x}" for name, word in zip(upcalls.SLOT, slot)], "slice_end, in slice.c", run)
        after = state.but(pc=frame.pc, cpsr=frame.cpsr & 0xf80f0000 | lab3.USER)
        lab3.compare(f"{each.what}. What the handler finds is not as it should be:", after.lines()[3:],
                     frame.lines()[3:],
                     "slice_end, in slice.c", run)
        for k in range(3):
            if not odd and not upcalls.harmless(frame.r[k], state, slot):
                raise Wrong(f"{each.what} Something of the kernel's is left for the application to see.",
                            got=f"r{k} 0x{frame.r[k]:08x}",
                            look="slice_end, in slice.c", run=run)
        if told[14] or (told[0] and not odd):
            raise Wrong(f"{each.what}. The kernel wrote elsewhere in the save page than into the slice slot.",
                        got=f"{told[14]} words, the first "
                        f"at offset {told[15]}" if told[14] else "the exception slot is in use",
                        look="slice_end, in slice.c", run=run)
        if entry[2] != seen[0][0][2]:
            raise Wrong(f"{each.what}. The kernel's stack is not where it was.",
                        expected=f"SVC's sp 0x{seen[0][0][2]:08x}",
                        got=f"0x{entry[2]:08x}", look="slice_end, in slice.c", run=run)
    assert len(moved) > 60, "interrupts came at many places"


@check(points=4, step="4.7", boots=Boot("hash", budget=15_000_000, wfi=10_000), needs="ends",
       hint="upcall_end() stores what it finds in the slot and in r3 to lr, yields, and picks it up at `begin`. What "
            "did the slot lack?")
def test_hash(run):
    """A program that computes with all registers, flags and IT blocks is not disturbed by hundreds of slices' ends."""
    (quiet, before), (disturbed, after) = ((line.partition(",")[0], line) for line in run.reports
                                           if line.startswith("hash"))
    if quiet != disturbed or "ended 1" not in after or "ended 1" not in before:
        raise Wrong("What the program comes to, undisturbed and with an end of a slice in each round, and why it ended "
                    "(1: by itself).",
                    expected=before, got=after, look="slice.c, and libos/resume.S", run=run)
    assert int(after.split()[-2]) > 200, "there were ends"


def lives(rng, envs=8):
    script = at_random(rng, envs, 208 // envs, {"nobody": 6, "yield": 6, "take": 3, "give": 4, "wait": 4, "sleep": 3,
                                                "late": 2, "end": 1, "make": 3,
                                  "fault": 1})
    # one ends another that has a parent, so that something is left of it: nobody to give slices to
    script.owners[:2] = 0, 2
    script.ops[2] = [op(DESTROY, 3), op(GIVE, 3, 1), *script.ops[2]]
    return script


def crowd(rng):
    return lives(rng, 16)


@check(points=9, step="4.7", boots=[scripted(lives), scripted(crowd)], needs=("sleep", "hash"),
       hint="Read what went before: exo/slice.h says what follows from it.")
def test_schedules(runs):
    """Hundreds of turns of environments that do anything of that, end, come anew: who runs, and when, follows."""
    for run, make in zip(runs, (lives, crowd)):
        followed(run, make)


# 4.8: transfers. First by themselves, in every state (checks/transfer.c).

CALLERS, NO_ENTRY, ENDED, RECYCLED = 4, 3, 4, 5
TOLD_ALREADY, GENERATION, AS_IT_IS = 0x100, 0x200, 0x400
AFTER_SVC = lab3.words(*4 * [0xde00]), lab3.words(0xe7f000f0)       # undefined, in Thumb and A32
OWNER = 21                                                          # entries of each in TELL


def call(rng, whom, state, caller=None, told=False, r0=None):
    """A transfer in A32 (state 0), Thumb (1) or as the last instruction of an IT block (2)."""
    thumb = state > 0
    pc = CODE + rng.randrange(0, 0x1f00, 2 if thumb else 4)
    tf = lab3.Frame.random(rng, pc, thumb, state == 2).but(r7=62)
    tf.cpsr &= ~(lab3.A | lab3.I | lab3.F)
    if state == 2:
        tf.cpsr = lab3.with_it(tf.cpsr, lab3.it_of(tf.cpsr) & 0xf0 | 8)
    if r0 is not None:
        tf = tf.but(r0=r0)
    caller = rng.randrange(CALLERS) if caller is None else caller
    code = lab3.words(0xdf00) + AFTER_SVC[0] if thumb else lab3.words(0xef000000) + AFTER_SVC[1]
    kind = whom & 0xff
    what = {NO_ENTRY: "one that has no entry", ENDED: "one that has ended",
            RECYCLED: "the predecessor of one that lives"}.get(kind, f"{kind}")
    if whom & GENERATION:
        what = f"a name like {kind}'s that nobody has"
    if whom & AS_IT_IS:
        what = f"0x{r0:08x}"
    return upcalls.Case(f"Environment {caller} transfers to {what}" + ", synchronously" * bool(whom & SYNC) +
                        ", when it has been told that its time is up" * told +
                        f", in {('A32', 'Thumb', 'an IT block')[state]}",
                        tf, code, x=caller | TOLD_ALREADY * told, y=whom)


def transfers(rng):
    return [call(rng, rng.randrange(NO_ENTRY) | SYNC * (i // 3 % 2), i % 3) for i in range(120)]


def refusals(rng):
    kinds = (NO_ENTRY, ENDED, RECYCLED, *(n | GENERATION for n in range(6)))
    cases = [call(rng, kind | sync, state) for kind in kinds for sync in (0, SYNC) for state in range(3)]
    for r0 in (0, 0x80000000, 1, 63, 64, 0x7fffffff, 0xffffffff, 0x3fffff, 0x800000,
               *(rng.getrandbits(32) for _ in range(6))):
        cases.append(call(rng, AS_IT_IS, rng.randrange(3), r0=r0))
    cases += [call(rng, n | sync, state, told=True) for n in (0, 1, 2, NO_ENTRY, ENDED, RECYCLED, GENERATION)
              for sync in (0, SYNC)
              for state in range(3)]
    cases += [call(rng, 0, 0, n) for n in range(4)]         # and it works still
    rng.shuffle(cases)
    return cases


def keep_places(held):
    upcalls.lab3.keep_cases(held)
    held.keep("told", list(upcalls.TOLD.iter_unpack(held.memory(held.address("told"), 1024 * upcalls.TOLD.size))))
    held.keep("places", list(struct.iter_unpack("<4I", held.memory(held.address("places"), 16384))))
    held.keep("called", struct.unpack("<1024I", held.memory(held.address("called"), 4096)))
    held.keep("names", struct.unpack("<6I", held.memory(held.address("names"), 24)))
    held.keep("tables", struct.unpack("<4I", held.memory(held.address("tables"), 16)))


def transferring(make, **more):
    return Boot("transfer", input=lambda seed: bytes(4) + b"".join(each.pack() for each in make(random.Random(seed))),
                read_at_end=keep_places, budget=50_000_000, **more)


def transferred(run, cases):
    """Each came to the callee with all its registers, or back with all but r0."""
    look = "transfer.S"
    for i, each in enumerate(cases):
        if i >= len(run.kept["seen"]) or run.kept["seen"][i][0] != i:
            raise Wrong(f"{each.what}.", expected="it is entered somewhere", got="nobody was entered", look=look,
                        run=run)
        entry, told, (env, space, own, _) = run.kept["seen"][i], run.kept["told"][i], run.kept["places"][i]
        caller, r0, frame = each.x & 0xff, run.kept["called"][i], lab3.frame_of(entry)
        before = each.tf.but(r0=r0)
        alive = not each.y & (GENERATION | AS_IT_IS) and (each.y & 0xff) < NO_ENTRY
        if alive and not each.x & TOLD_ALREADY:
            there, where = each.y & 0xff, "transfer"
            expected = before.but(pc=upcalls.TELL + 4 * (there * OWNER + 1) + 4, cpsr=lab3.USER,
                                  r7=run.kept["names"][caller])
        else:
            there, where = caller, "undefined"
            expected, slot = None, told[:7]
        lab3.compare(f"{each.what}.", [f"environment {there} is entered at {where}"] if where == "transfer" else
                     [f"it is refused: environment {there} goes on"],
                     [f"environment {env} is entered at {where}" if where == "transfer" and entry[1] == env * OWNER + 1
                      else
                      f"it is refused: environment {env} goes on" if entry[1] == env * OWNER + 4 else
                      f"environment {env} is entered at {upcalls.ENTRY[entry[1] % OWNER]}"
                      if entry[1] < 4 * OWNER else f"environment {env} is at 0x{frame.pc - 4:08x}"], look, run)
        lab3.compare(f"{each.what}.", ["TTBR0 and CONTEXTIDR are its own", f"its page is {there}'s"],
                     ["TTBR0 and CONTEXTIDR are its own" if space else "TTBR0 and CONTEXTIDR are another's",
                      f"its page is {own}'s"], look, run)
        if expected is None:
            error = PERM if each.x & TOLD_ALREADY else NOENT
            if slot[3] != error & 0xffffffff:
                raise Wrong(f"{each.what}.", expected=f"r0 {signed(error & 0xffffffff)}", got=f"r0 {signed(slot[3])}",
                            look=look, run=run)
            thumb = bool(before.cpsr & lab3.T)
            cpsr = lab3.with_it(before.cpsr, 0)
            expected = before.but(r0=slot[3], pc=before.pc + (2 if thumb else 4), cpsr=cpsr)
            frame = lab3.Frame([*slot[3:6], *frame.r[3:]], slot[6], slot[0])
        lab3.compare(f"{each.what}. What is not as it should be then:", expected.lines(), frame.lines(), look, run)
        if told[14]:
            raise Wrong(f"{each.what}. The kernel wrote into a save page.",
                        got=f"{told[14]} words, the first at offset {told[15]}", look=look,
                        run=run)
        if entry[2] != run.kept["seen"][0][2]:
            raise Wrong(f"{each.what}. The kernel's stack is not where it was.",
                        expected=f"SVC's sp 0x{run.kept['seen'][0][2]:08x}",
                        got=f"0x{entry[2]:08x}", look=look, run=run)


@check(points=8, step="4.8", boots=transferring(transfers), needs="turns",
       hint="Address space, TPIDRPRW and CONTEXTIDR are the callee's when it is entered, and SPSR is user mode and "
            "nothing else. Two registers have "
            "to do: lr, and r7.")
def test_transfer(run):
    """A transfer enters the callee, in its address space, with the caller's registers, but r7, which is its name."""
    transferred(run, transfers(run.random()))


@check(points=5, step="4.8", boots=transferring(refusals), needs="transfer",
       hint="A name is compared as a whole with the one that lives in its slot (ENV_LIVE), and who has been told "
            "(ENV_TOLD) is refused. r7 and lr have to be what they were when it is refused.")
def test_transfer_refused(run):
    """Names of nobody, and callers whose time is up, are refused, with all but r0 as it was, address space too."""
    transferred(run, refusals(run.random()))


def few(rng):
    return [call(rng, (i + 1) % 3 | SYNC * (i // 3 % 2), i % 2, i % 3) for i in range(6)] + \
        [call(rng, NO_ENTRY | sync, 0, caller) for caller, sync in ((0, 0), (1, SYNC))]


TRANSFER_COST, FILTER = 30, 6           # FILTER: checks/told.inc's instructions ahead of the kernel's


@check(points=5, step="4.8", boots=transferring(few, hardware=True), needs="transfer",
       hint="Nothing is saved but what a refusal needs, and nothing is compared twice. An ASID that leads to another's "
            "table is what the TLB will remember: "
            "ASID 0 first, which no application has; and an ISB before the next write relies on it.")
def test_transfer_cost(run):
    """From SVC to the callee's first instruction in at most 30; no TLB is flushed, no ASID meets another's table."""
    cases = few(run.random())
    taken = [each for each in run.exceptions if each.kind == "svc"]
    pairs = [(one, then) for one, then in zip(taken, taken[1:]) if then.pc >= upcalls.TELL > one.pc]
    assert len(pairs) == len(cases), "each case is two system calls"
    tables = dict(zip(run.kept["tables"], range(1, 5)))
    for each, (one, then) in zip(cases, pairs):
        caller, callee = each.x, each.y & 0xff
        done = [op for op in run.executed if one.count <= op.count < then.count]
        shown = [op.name + (f" = 0x{op.value:08x}" if op.name in ("TTBR0", "CONTEXTIDR") else "") for op in done]
        if any(op.name.startswith("TLBI") for op in done):
            raise Wrong(f"{each.what}. What the core executed:",
                        expected=[line for line in shown if not line.startswith("TLBI")], got=shown,
                        look="transfer.S", run=run)
        took = then.count - one.count - FILTER
        if took > TRANSFER_COST and each.y & 0xff != NO_ENTRY:
            raise Wrong(f"{each.what}. {upcalls.executed(run, one.count, then.count - 1)} And the SVC.",
                        expected=f"at most {TRANSFER_COST} instructions", got=f"{took}", look="transfer.S", run=run)
        state = {"TTBR0": run.kept["tables"][caller], "CONTEXTIDR": caller + 1}
        may_be = {name: {value} for name, value in state.items()}
        for op in done:
            if op.name == "ISB":
                may_be = {name: {value} for name, value in state.items()}
            elif op.name in state:
                state[op.name] = op.value
                may_be[op.name] = may_be[op.name] | {op.value}
            for asid in may_be["CONTEXTIDR"]:
                for table in may_be["TTBR0"]:
                    if asid & 0xff and tables.get(table, asid & 0xff) != asid & 0xff:
                        raise Wrong(f"{each.what}. ASID {asid & 0xff} may meet the tables of ASID {tables[table]}. "
                                    "What the core executed:", got=shown,
                                    look="transfer.S", run=run)


def lending(rng):
    script = at_random(rng, 7, 40, {"nobody": 6, "yield": 3, "transfer": 3, "lend": 9, "give": 2, "take": 1, "wait": 2,
                                    "sleep": 1,
                                    "fault": 0.3, "make": 0.6, "entry": 0.7, "late": 0.5})
    # Lends, is given what is left of it by name, and ends it; is given it back, lends to one that lends on, and ends.
    script.owners[0] = 0
    script.ops[0] = [op(TRANSFER, 1 | SYNC), NEXT, op(TRANSFER, 1 | SYNC), *script.ops[0]]
    script.ops[1] = [op(YIELD, 0), op(YIELD, NO_NAME), op(YIELD, NO_NAME), op(TRANSFER, 0 | SYNC), *script.ops[1]]
    return script


def calls(rng):
    script = at_random(rng, 9, 40, {"nobody": 3, "transfer": 9, "lend": 9, "entry": 2, "wait": 2, "sleep": 2, "make": 1,
                                    "fault": 0.5})
    # A slice that is lent, taken back later; one that is running and would be lent, given to itself, or given up and
    # taken anew; what an asynchronous transfer to the lender, and a refused one by it, leave as it was.
    script.owners[:6] = 2, 0, 0, 0, 0, 0
    lends = op(TRANSFER, 1 | SYNC)
    script.ops[0] = [lends, op(GIVE, 0, 1), lends, op(GIVE, 0, 2), NEXT, lends, op(GIVE, NO_NAME, 3), op(TAKE, 3), NEXT,
                     lends, NEXT, lends,
                     op(TRANSFER, 2), NEXT, *[NEXT] * 3, *script.ops[0]]
    script.ops[1] = [NEXT, op(YIELD, 0), op(YIELD, 0), op(TRANSFER, 0), op(YIELD, 0), *[NEXT] * 2, *script.ops[1]]
    script.ops[2] = [op(ENTRY, ENTERED_TRANSFER, 0), NEXT, NEXT, *script.ops[2]]
    for ops in script.ops[3:]:
        ops.insert(0, op(SLEEP, 50_000))        # until it has been seen who has which
    # One that is lent to one that lends it on, and then ends; its name stays, as its parent may ask.
    script.owners = [None if owner == 5 else owner for owner in script.owners]
    script.owners[6] = 4
    script.ops[4] = [op(TRANSFER, 5 | SYNC), *script.ops[4]]
    script.ops[5] = [op(TRANSFER, 7 | SYNC), op(FAULT)]
    script.ops[7] = [op(YIELD, 5), *script.ops[7]]
    return script


@check(points=7, step="4.8", boots=[scripted(lending), scripted(calls)], needs=("schedules", "transfer-refused"),
       hint="A synchronous transfer writes two words: the callee's ENV_LENT is 0, then the caller's is the callee. "
            "slice_settle(), when the slice is over, follows them; where they go round in a circle, it never ends. An "
            "asynchronous one"
            " writes none, and one that is refused neither. In slice.c, a slice that begins forgets whom its user has "
            "lent to, and "
            "slice_assign() whom the new user has.")
def test_lending(runs):
    """Synchronous transfers lend slices, on and back; when who has them ends they are their owner's."""
    for run, make in zip(runs, (lending, calls)):
        followed(run, make, "transfer.S, or slice_next, in slice.c")


# 4.9: revocation. exo/revoke.h, and page operations as far as there are any here.

HEAP, PAGE = 0x400000, 4096
REVOKE_PAGES, GUARANTEED, REPOSSESSED, REVOKE_TICKS = 8, 16, 16, 32 * TICKS
NEW, UNMAP = 0, 3
BASE = (CODE, lab3.DATA, upcalls.TELL)      # what each has beside its heap


@dataclass
class Save(Copied):
    wanted: int = 0
    repossessed: int = 0
    taken: list = field(default_factory=lambda: [0] * REPOSSESSED)
    guaranteed: frozenset = frozenset(BASE)
    revoke: bool = True         # whether it has that entry


class Memory(Time):
    """exo/revoke.h: pages, and whom the kernel has asked for some."""
    kernel, ending = 60_000, 300_000

    def __init__(self, script):
        super().__init__(script)
        self.mapped = {n: {*BASE, *(HEAP + i * PAGE for i in range(script.pages.get(n, 0)))}
                       for n in range(script.envs)}
        self.saves = {n: Save() for n in range(script.envs)}
        self.free = 0 if script.exhausted else 1 << 20
        self.asked, self.asked_told = None, False       # (environment, pages then, when)

    def another(self):
        other = super().another()
        other.mapped = {n: set(pages) for n, pages in self.mapped.items()}
        other.saves = {n: save.copy() for n, save in self.saves.items()}
        for save in other.saves.values():
            save.taken = save.taken[:]
        return other

    def state(self):
        return *super().state(), self.free, self.mapped, self.saves, self.asked, self.asked_told

    def end(self, slot, how):
        super().end(slot, how)
        if self.asked and self.asked[0] == slot:
            self.asked = None

    def make(self):
        before = {n for n, env in self.envs.items() if env.alive}
        super().make()
        slot = next(n for n, env in self.envs.items() if env.alive and n not in before)
        self.mapped[slot], self.saves[slot] = set(BASE), Save()

    def revoking(self, slot):
        return self.asked is not None and self.asked[0] == slot and not self.asked_told and self.saves[slot].revoke

    def begun(self, slot):
        if self.asked and self.asked[0] == slot:
            self.asked_told = True

    def stopped(self):
        if self.asked and self.asked_told:
            self.collect()

    def collect(self):
        slot, pages, _ = self.asked
        save, mapped = self.saves[slot], self.mapped[slot]
        missing = min(REVOKE_PAGES, len(mapped) - (pages - REVOKE_PAGES))
        for va in sorted(mapped):
            if missing > 0 and va not in save.guaranteed:
                mapped.remove(va)
                missing, self.free = missing - 1, self.free + 1
                if save.repossessed < REPOSSESSED:
                    save.taken[save.repossessed] = va
                    save.repossessed += 1
        save.wanted = 0
        self.asked = None

    def ask(self, now):
        if self.asked:
            if not self.asked_told and now - self.asked[2] >= REVOKE_TICKS:
                self.collect()
            return
        most = GUARANTEED + REVOKE_PAGES - 1
        for slot in sorted(self.envs):
            if self.envs[slot].alive and len(self.mapped[slot]) > most:
                most = len(self.mapped[slot])
                self.asked, self.asked_told = (slot, most, now), False
        if self.asked:
            self.saves[self.asked[0]].wanted = REVOKE_PAGES

    def checks(self, event, slot, does):
        what, a, b, _ = does
        save = self.saves[slot]
        if what == ASK:
            self.ask(event.asked)
        elif what == ENTRY and a == ENTERED_REVOKE:
            save.revoke = bool(b)
        elif what == GUARANTEE:
            save.guaranteed = frozenset((*BASE, *(a + i * PAGE for i in range(b))))
        elif what == SAVE_WORD:
            setattr(save, {WANTED_WORD: "wanted", REPOSSESSED_WORD: "repossessed"}[a], b)

    def pages(self, after, slot, does, now):
        _, kind, count, va = does
        done = 0
        for page in range(va, va + count * PAGE, PAGE):
            if (page in self.mapped[slot]) == (kind == NEW):
                break
            if kind == NEW and self.free == 0:
                self.ask(now)
                self.returned(slot, after, {done or NOMEM}, now)
                return
            self.free += -1 if kind == NEW else 1
            (self.mapped[slot].add if kind == NEW else self.mapped[slot].remove)(page)
            done += 1
        self.returned(slot, after, {done if done or not count else EXISTS if kind == NEW else NOENT}, now)

    def entered(self, event):
        super().entered(event)
        save, mapped = self.saves[event.env], self.mapped[event.env]
        taken = sum((i + 1) * va for i, va in enumerate(save.taken)) & 0xffffffff
        lowest = min((va for va in mapped if va >= HEAP), default=0)
        expected = f"{len(mapped) + 1} pages, from 0x{lowest:08x} on; wanted {save.wanted}, " \
            f"repossessed {save.repossessed}"
        got = f"{event.pages} pages, from 0x{event.lowest % upcalls.SAVE_VA:08x} on; wanted {event.wanted}, " \
            f"repossessed {event.repossessed}"
        if expected != got:
            raise Astray(f"environment {event.env} has {expected}", got)
        if event.taken != taken:
            shown = ", ".join(f"0x{va:x}" for va in save.taken[:min(save.repossessed, REPOSSESSED)])
            raise Astray(f"environment {event.env}'s save page says that it lost {shown or 'nothing'}",
                         "it says something else")

    def over(self, run, world):
        super().over(run, world)
        leaked = run.kept["leaked"] - (run.kept["leaked"] >> 31 << 32)
        if leaked and not any(env.alive for env in world.envs.values()):
            raise Wrong("All environments have ended.", expected="as many pages free as before", got=f"{leaked} fewer",
                        look="revoke.c", run=run)


def keep_asked(held):
    keep_events(held)
    held.keep("leaked", held.word(held.address("leaked")))


def asking(make, **more):
    boot = scripted(make, "asked", **more)
    return replace(boot, read_at_end=keep_asked)


def revoked(run, make):
    Memory(make(run.random())).follow(run, run.kept["events"], "revoke.c")


def gives(count, start=0):
    return op(PAGES, UNMAP, count, HEAP + start * PAGE)


def obliging(rng):
    """Who is asked gives as many as wanted, or more, before the processor comes back; one has no such entry, one takes
    its time; one has given three before it is told (its slice ends while it asks, and what it was to do then is not
    done). In the end nobody has enough to be asked."""
    first = rng.randrange(41, 46)
    sizes = {0: first, 1: first, 2: 40, 3: 21, 4: 20, 5: 5}
    ops = [[op(ASK), gives(0), gives(3, 20), NEXT, op(IF_TOLD, 1), gives(5, 23),
            NEXT], [], [op(ENTRY, ENTERED_REVOKE, 0)], [],
           [NEXT] * 60, [op(FREE), NEXT, *[op(ASK), NEXT, NEXT] * 13]]
    for n in range(4):
        for i in range(60):
            give = {1: [gives(3, 8 * (i % 5)), gives(6, 8 * (i % 5) + 3)],
                    3: [op(FREE), op(PASS, REVOKE_TICKS + TICKS), op(ASK), gives(8)]}.get(
                n, [gives(8, 8 * (i % 5))])
            ops[n] += [op(IF_TOLD, len(give)), *give, NEXT]
    return Script(6, [5, 0, 1, 2, 3, 4, 0, None, 1, *[None] * 7], ops, sizes)


@check(points=5, step="4.9", boots=asking(obliging), needs="turns",
       hint="Pages are counted of every environment alive, the save page not among them; of equals the first is asked. "
            "It is told once. "
            "What it has given back is what it has fewer than it had when it was asked.")
def test_asked(run):
    """Who has most pages is asked, and told at its next beginning; if it gives as many, none is taken."""
    revoked(run, obliging)


def struggling(rng):
    """Everybody does anything, told or not."""
    sizes = {n: rng.choice((5, 20, 21, 22, 30, 45, 60)) for n in range(7)}
    scripts = []
    for slot in range(7):
        ops = []
        for _ in range(26):
            if rng.randrange(4) == 0:
                ops.append(op(ASK))
            if rng.randrange(4) == 0:
                ops.append(rng.choice((op(GUARANTEE, HEAP, rng.randrange(14)),
                                       op(GUARANTEE, HEAP + rng.randrange(20) * PAGE, rng.randrange(14)),
                                       op(SAVE_WORD, REPOSSESSED_WORD, rng.choice((0, 0, 0, 12, 16, 0xffffffff))),
                                       op(SAVE_WORD, WANTED_WORD, rng.choice((0, 1, 0xffffffff))),
                                       op(ENTRY, ENTERED_REVOKE, rng.randrange(2)),
                                       op(FREE))))
            ops.append(rng.choices((lambda: NEXT, lambda: op(YIELD, rng.randrange(7)),
                                    lambda: gives(rng.randrange(10), rng.randrange(60)),
                                    lambda: op(PAGES, NEW, rng.randrange(12), HEAP + rng.randrange(80) * PAGE),
                                    lambda: op(SLEEP, rng.choice(
                                        (100_000, 2 * REVOKE_TICKS))), lambda: op(TRANSFER, rng.randrange(7)),
                                    lambda: op(WAIT, 1),
                                    lambda: op(FAULT)), (9, 5, 7, 3, 3, 4, 2, 0.2))[0]())
        scripts.append(ops)
    return Script(7, owners(rng, 7), scripts, sizes)


def forced(rng):
    """A liar, one that gives too little, one that sleeps, one that faults when told, one that has guaranteed itself
    nearly everything."""
    sizes = {0: 60, 1: 58, 2: 56, 3: 54, 4: 21, 5: 2}
    ops = [[] for _ in range(6)]
    ops[0] = [op(GUARANTEE, HEAP + 3 * PAGE, 5), *[each for i in range(5) for each in (
        op(IF_TOLD, 2), op(SAVE_WORD, WANTED_WORD, i % 2), gives(3, 10 * i), NEXT)], op(YIELD, 5), NEXT,
              op(SLEEP, 0x70000000)]
    ops[1] = [NEXT, op(SLEEP, 80_000_000), *[NEXT] * 4, op(TRANSFER, 5), *[NEXT] * 6]
    ops[2] = [NEXT, op(ENTRY, ENTERED_REVOKE, 0), op(GUARANTEE, HEAP, 13), *[NEXT] * 6, op(FAULT)]
    ops[3] = [NEXT, op(SAVE_WORD, REPOSSESSED_WORD, 12), *[NEXT] * 3, op(FAULT)]
    ops[4] = [NEXT, op(GUARANTEE, HEAP, 13), *[NEXT] * 20]
    ops[5] = [each for _ in range(16) for each in (op(FREE), op(ASK), NEXT, NEXT, NEXT)] + \
        [each for _ in range(6) for each in (op(FREE), op(SLEEP, REVOKE_TICKS - 900_000), op(ASK),
                                             op(SLEEP, REVOKE_TICKS), op(ASK))]
    return Script(6, [5, 0, 1, 2, 3, 4, *[None] * 10], ops, sizes)


@check(points=6, step="4.9", boots=[asking(forced), asking(struggling)], needs=("asked", "transfer"),
       hint="What is missing is REVOKE_PAGES less what it has fewer than when it was asked. It is taken when the "
            "processor has come back, whoever brings "
            "it, or when another page operation fails and it has had REVOKE_TICKS; from who has ended there is nothing "
            "to take.")
def test_forced(runs):
    """From who lies, refuses, sleeps or gives too little just what is missing is taken; the save page says what."""
    for run, make in zip(runs, (forced, struggling)):
        revoked(run, make)


def scarce(rng):
    """No page is left; who wants some gets them one way or the other."""
    ops = [[], [], []]
    wants = [op(FREE), op(PAGES, NEW, rng.randrange(1, 5), HEAP + 100 * PAGE), NEXT]
    ops[0] = [*wants, *wants[:1], op(PAGES, NEW, 12, HEAP + 110 * PAGE), NEXT, NEXT, op(FREE),
              op(PAGES, NEW, 3, HEAP + 130 * PAGE), NEXT,
              op(FREE), op(PAGES, NEW, 3, HEAP + 130 * PAGE), NEXT]
    ops[1] = [op(GUARANTEE, HEAP, 1), NEXT, gives(5, 10), NEXT, *[NEXT] * 6]
    ops[2] = [op(GUARANTEE, HEAP, 1), *[NEXT] * 9]
    return Script(3, [0, 1, 2, *[None] * 13], ops, {0: 1, 1: 50, 2: 46}, True)


@check(points=4, step="4.9", boots=asking(scarce, budget=300_000_000), needs="forced",
       hint="sys_pages() calls revoke_ask() where an operation returns -E_NOMEM (step 4.3).")
def test_scarce(run):
    """When no page is left, who wants one gets -E_NOMEM, somebody is asked, and then there are as many as wanted."""
    revoked(run, scarce)


NEVER, OFFERED = 0xffffffff, 0x400000
SAVING, LOST, GIVEN = 1, 2, 3


def offers(seed):
    rng = random.Random(seed)
    costs = [(rng.choice((0, 1, 2, 2, 7, 100, 0x80000000, NEVER - 1, NEVER)), rng.random() < 0.85) for _ in range(60)]
    return costs, [0, 1, 5, 8, 0, 12, 16, 40, 8]


def packed_offers(seed):
    costs, wanted = offers(seed)
    return struct.pack(f"<2I{2 * len(costs)}I{len(wanted)}I", len(costs), len(wanted),
                       *(word for each in costs for word in each), *wanted)


def keep_notes(held):
    count = min(held.word(held.address("note_count")), 1024)
    held.keep("notes", list(struct.iter_unpack("<3I", held.memory(held.address("notes"), count * 12))))


@check(points=5, step="4.9", boots=Boot("give", input=packed_offers, read_at_end=keep_notes, budget=12_000_000),
       needs="schedules",
       hint="Choose anew each time: lost() may change what the others cost. COST_NEVER is what costs nobody less than; "
            "an offer is gone once it has been taken up, whether or not the page was there. A page that was"
            " not there is none given.")
def test_give(run):
    """revoke_give() unmaps what costs least, of equals the first, as many as wanted: each told before and after."""
    costs, wanted = offers(run.seed)
    left = {OFFERED + i * PAGE: each for i, each in enumerate(costs)}
    expected, gone = [], 0

    def cost(va):
        """As checks/give/main.user.c has it: small ones change with each page that goes."""
        base = left[va][0]
        return (base + 3 * (va // PAGE) + 5 * gone) % 16 if base < 1000 else base
    for number in wanted:
        given = 0
        while given < number and (best := min(left, key=lambda va: (cost(va), va),
                                              default=None)) is not None and cost(best) != NEVER:
            there, gone = left.pop(best)[1], gone + 1
            expected += [f"lost(0x{best:x}, true), the page {'still' if there else 'not'} mapped",
                         f"lost(0x{best:x}, false), the page not mapped"]
            given += there
        expected.append(f"revoke_give({number}) returns {given}")
    got, asked = [], iter(wanted)
    for what, value, mapped in run.kept["notes"]:
        got.append(f"revoke_give({next(asked, '?')}) returns {value}" if what == GIVEN else
                   f"lost(0x{value:x}, {'true' if what == SAVING else 'false'}), the page " +
                   ("still" if mapped else "not") + " mapped")
    expect_lines(expected, got, "What the application was told, and what revoke_give() returned:", "libos/revoke.c",
                 run)


# 4.10: a stride scheduler (Waldspurger and Weihl, 1995).

STOP, ADD, RUN, MOVE, COUNT_ALL = range(5)
STRIDE_ONE, STRIDE_CHILDREN, TOLD_BY_MAIN = 1 << 20, 16, 22


@dataclass
class Child:
    slot: int
    tickets: int
    passed: int
    place: int
    slices: int = 0


def strides(script, actions):
    return script.pack() + b"".join(struct.pack("<3I", *action) for action in (*actions, (STOP, 0, 0)))


def busy(rng, count):
    """What a child does in its slices: mostly all of it, or a part."""
    ops = []
    for _ in range(count):
        ops += rng.choice(([NEXT], [NEXT], [op(PASS, rng.randrange(70_000)), NEXT], [op(FREE), op(WAIT, 1), NEXT]))
    return ops


def proportions(rng):
    tickets = rng.choice(((3, 2, 1), (1, 2, 3), (2, 3, 1)))
    more = [rng.randrange(1, 40) for _ in range(3)]
    script = Script(6, [None] * 16, [busy(rng, 230) for _ in range(6)])
    return script, [*((ADD, n, each) for n, each in enumerate(tickets)), (RUN, 120, 0),
                    *((ADD, 3 + n, each) for n, each in enumerate(more)),
                    (RUN, 160, 0), (COUNT_ALL, 0, 0)]


def coming_and_going(rng):
    ops = [busy(rng, rng.choice((3, 9, 25, 60))) for _ in range(14)]
    ops[2] = [*ops[2], op(SLEEP, 2_000_000_000), *busy(rng, 10)]
    script = Script(14, [None] * 16, ops)
    actions = [(RUN, 1, 0), (ADD, 0, 0), (ADD, 0, STRIDE_ONE + 1), (ADD, 0, 0xffffffff), (ADD, 0, 3), (MOVE, 0xffc00000,
                                                                                                       0),
               (ADD, 1, STRIDE_ONE), (ADD, 2, 2)]
    for n in range(3, 14):
        actions += [(RUN, rng.randrange(12), 0), (ADD, n, rng.choice((1, 2, 5, 1000, rng.randrange(1, STRIDE_ONE))))]
    actions += [(ADD, 13, 1)] * 6 + [(COUNT_ALL, 0, 0), (RUN, 500, 0)]
    return script, actions


def striding(make):
    return Boot("stride", input=lambda seed: strides(*make(random.Random(seed))), read_at_end=keep_events,
                budget=25_000_000, wfi=100_000)


def strode(run, make):
    """Whom stride_run() gave its slices, and what it returned: the algorithm's, line by line."""
    script, actions = make(run.random())
    events = run.kept["events"]
    ended, asleep, expected, got, calls = set(), {}, [], [], []
    counts = {n: len(ops) for n, ops in enumerate(script.ops)}
    for event in events:
        if event.what == BEGIN:
            got.append(f"child {event.env} has a slice")
        elif event.what == TOLD_BY_MAIN:
            got.append(f"a child has been given {event.r7 - 1} slices" if event.r7 else f"returns {signed(event.r0)}")
    places, at = [None] * STRIDE_CHILDREN, dict.fromkeys(counts, 0)

    def lowest():
        there = [child for child in places if child is not None]
        return min(there, key=lambda child: (child.passed, child.place), default=None)

    def has_slice(slot):
        """The child's script, as far as one slice goes."""
        ops = script.ops[slot]
        while True:
            if at[slot] >= len(ops):
                ended.add(slot)
                return
            what = ops[at[slot]][0]
            at[slot] += 1
            if what == YIELD:
                return
            if what == SLEEP:
                asleep[slot] = True
                return

    def call(name):
        """What it expects is that call's; and how the children stood before it."""
        told = "; ".join(f"{child.slot}: {child.tickets} tickets, pass {child.passed & 0xffffffff}" + ", it has ended" *
                         (child.slot in ended)
                         for child in places if child is not None)
        calls.append((len(expected), f"{name}. The children before it: {told or 'none'}."))

    for what, a, b in actions:
        if what == ADD:
            call(f"stride_add(child {a}, {b})")
            free = next((n for n, child in enumerate(places) if child is None), None)
            if not 1 <= b <= STRIDE_ONE:
                expected.append("returns -E_INVAL")
            elif free is None:
                expected.append("returns -E_NOMEM")
            else:
                low = lowest()
                places[free] = Child(a, b, low.passed if low else 0, free)
                expected.append("returns 0")
        elif what == COUNT_ALL:
            call("asking how many slices each has been given")
            expected += [f"a child has been given {child.slices} slices" for child in places if child is not None]
        elif what == MOVE:
            for child in places:
                if child is not None:
                    child.passed += a
        else:
            for _ in range(a):
                call("stride_run()")
                while (child := lowest()) is not None:
                    child.passed += STRIDE_ONE // child.tickets
                    child.slices += 1
                    if child.slot not in ended:
                        break
                    places[child.place] = None
                if child is None:
                    expected.append("returns -E_NOENT")
                    continue
                if child.slot not in asleep:
                    expected.append(f"child {child.slot} has a slice")
                    has_slice(child.slot)
                expected.append("returns 0")
    first = next((i for i, (one, other) in enumerate(zip(expected, got)) if one != other), min(len(expected), len(got)))
    before = [(number, said) for number, (at, said) in enumerate(calls, 1) if at <= first]
    number, said = before[-1] if before else (0, "Before the first call.")
    expect_lines(expected, got, f"Call {number}, of {said} Who had the slices of who runs the scheduler, and what the "
                                "calls returned:",
                 "libos/stride.c", run)


@check(points=9, step="4.10", boots=striding(proportions), needs="schedules",
       hint="Whose pass is lowest is next, and its pass grows by STRIDE_ONE / tickets. One who comes later "
            "begins where the lowest is.")
def test_stride(run):
    """Slices go to children in proportion to their tickets, each exactly when the algorithm says."""
    strode(run, proportions)


@check(points=6, step="4.10", boots=striding(coming_and_going), needs="stride",
       hint="Passes come round beyond 2^32: it is their difference that counts. Whom yield() does not find has ended; "
            "its place is free then, and "
            "the next one's turn has come; a newcomer has had no slice yet.")
def test_children(run):
    """Children come, sleep and end, places run out, passes come round: nobody's turn is lost."""
    strode(run, coming_and_going)
