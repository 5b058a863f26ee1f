"""The checks of lab 5, in the order of the handout's steps.

5.1 asks the verifier about words (checks/words.c) and compares its answers with tables that know no verifier: the
encoding diagrams of checks/forms.def, and the attacks of attacks.toml, which GNU as makes words of. A failure names the
word, what it is, and why it has to be judged otherwise.
"""
import functools
import random
import re
import struct
import subprocess
import tempfile

from grader.checks import Boot, Wrong, check
from grader.sfi import attacks, masks
from grader.sfi.masks import AL, CODE, ENTRIES

CODE_MAX = 0x40000              # exo/verify.h
ACCEPTED = 0xffffffff           # what verify() returns then
NOP, SVC = 0xe320f000, 0xef000000
PLACE = CODE + 0x800, CODE + 0x1000     # where a word stands if that is of no concern, and where the module ends
SHOWN = 6
LOOK = "verify_word, in verify.c"


def question(words, pins=0, place=PLACE, module=0):
    """As words.c has it: words alone, at a place."""
    return struct.pack(f"<5I{len(words)}I", module, pins, *place, len(words), *words)


def keep_answers(held):
    count = min(held.word(held.address("answer_count")), 4096)
    held.keep("answers", struct.unpack(f"<{count}I", held.memory(held.address("answers"), 4 * count)) if count else ())


def asked(questions):
    """The boot that asks what `questions(seed)` lists: (pins, place, words) each."""
    def given(seed):
        return b"".join(question(words, pins, place) for pins, place, words in questions(seed))

    return Boot("words", input=given, read_at_end=keep_answers, budget=20_000_000)


def answered(run, questions):
    """Of each word: (pins, place, word, whether it was accepted)."""
    answers = list(run.kept["answers"])
    for pins, place, words in questions(run.seed):
        size = (len(words) + 31) // 32
        bits, answers = answers[:size], answers[size:]
        if len(bits) < size:
            raise Wrong("The verifier's answers are not where the check keeps them.", look=LOOK, run=run)
        for i, word in enumerate(words):
            yield pins, place, word, bool(bits[i // 32] >> i % 32 & 1)


def disassembled(words):
    """What GNU objdump makes of words, each on a line of its own."""
    with tempfile.NamedTemporaryFile() as image:
        image.write(struct.pack(f"<{len(words)}I", *words))
        image.flush()
        text = subprocess.run(["arm-none-eabi-objdump", "-D", "-z", "-b", "binary", "-m", "arm", image.name],
                              capture_output=True, text=True, check=True).stdout
    lines = [line.split("\t", 2)[2] for line in text.splitlines() if line.count("\t") >= 2]
    return [" ".join(re.split("[;@]", line)[0].split()) for line in lines]


def told(run, wrong):
    """Fail with the first few words that were judged otherwise: (word, where, whether it is accepted, why)."""
    if not wrong:
        return
    some = wrong[:SHOWN]
    texts = disassembled([word for word, *_ in some])
    verdicts = "refused", "accepted"
    first = [f"0x{word:08x}  {text}{where}: " for (word, where, _, _), text in zip(some, texts)]
    many = f"{len(wrong)} words are judged otherwise than exo/verify.h says, the first of them:"
    raise Wrong(many if len(wrong) > 1 else "A word is judged otherwise than exo/verify.h says.",
                expected=[line + verdicts[right] + f" ({why})" for line, (_, _, right, why) in zip(first, some)],
                got=[line + verdicts[not right] for line, (_, _, right, _) in zip(first, some)], look=LOOK, run=run)


def as_the_table_says(run, questions, where=lambda pins, place: f", pins 0x{pins:02x}" * (pins != 0)):
    told(run, [(word, where(pins, place), not says, masks.why(word, *place, pins))
               for pins, place, word, says in answered(run, questions) if says != masks.accepts(word, *place, pins)])


def is_access(word):
    """Is it among the manual's loads and stores [A5.2.8 to A5.2.10, A5.3, A5.5], as far as its class tells?"""
    kind, low = word >> 25 & 7, word >> 4 & 15
    extra = low & 9 == 9 and (low != 9 or word >> 24 & 1)
    return kind in (2, 4) or (kind == 3 and not low & 1) or (kind == 0 and extra)


def of_groups(*groups, words=40, accesses=False):
    """Words of some of the table's forms, fields random or at their ends, and words a bit away."""
    @functools.cache
    def questions(seed):
        rng = random.Random(seed)
        found = []
        for pins in (0, rng.randrange(1, 256)):
            drawn = [masks.draw(rng, form, PLACE) for form in masks.forms() if form.group in groups
                     for _ in range(words)]
            close = [masks.near(rng, word) for word in drawn[::2]]
            found.append((pins, PLACE, [word for word in drawn + close if is_access(word) == accesses]))
        return found

    return questions


computing_words = of_groups("Computing", "Multiplies", "Bits and bytes")
guard_words = of_groups("Guards", words=100)
access_words = of_groups("Accesses", accesses=True)


@check(points=5, step="5.1", boots=asked(computing_words),
       hint="Follow the manual's division: bits 27 to 25, then 24 to 20 and 7 to 4. In each class ask where its "
            "destination is (a multiply has it in bits 19 to 16), which registers it reads, and which bits should be "
            "zero or one.")
def test_computing(run):
    """Data processing, multiplies, bits and bytes: accepted where no register is written that is reserved."""
    as_the_table_says(run, computing_words)


@check(points=3, step="5.1", boots=asked(guard_words),
       hint="A guard is one encoding with one free field, rX. Everything else that writes r9, r10 or sp is refused, a "
            "bfi of another width or place and one whose source is pc (that is bfc) as well.")
def test_guards(run):
    """The three guards, and nothing that looks like them, write r10, r9 and sp."""
    as_the_table_says(run, guard_words)


@check(points=5, step="5.1", boots=asked(access_words),
       hint="An access is relative to r10, with P = 1 and W = 0, or to sp, where P = 0 and W = 1 together is another "
            "instruction (ldrt). Then ask what it writes: Rt, the register after it, all of a list.")
def test_accesses(run):
    """Loads and stores of every size: relative to r10 or sp, with an immediate, into no reserved register."""
    as_the_table_says(run, access_words)


def condition(rng):
    return rng.choice((AL, rng.randrange(16) << 28))


@functools.cache
def branches(seed):
    rng = random.Random(seed)
    found = []
    for size in (4, 0x100, 0x1000, CODE_MAX):
        end = CODE + size
        for offset in {CODE, end - 4, rng.randrange(CODE, end, 4)}:
            targets = [4 * i for i in range(ENTRIES + 2)] + [0xffc, 0x1000, CODE - 4, CODE, CODE + 4]
            targets += [end - 8, end - 4, end, end + 4, offset, offset + 8, rng.randrange(CODE, end, 4)]
            targets += [-4, -0x1000, 0x100000, 0x100000 + CODE, -0x100000 + CODE]
            fields = [to - offset - 8 >> 2 & 0xffffff for to in targets]
            fields += [0x7fffff, 0x800000, *(rng.getrandbits(24) for _ in range(8))]
            words = [condition(rng) | rng.choice((0xa, 0xb)) << 24 | field for field in fields]
            found.append((0, (offset, end), words))
    return found


@check(points=4, step="5.1", boots=asked(branches),
       hint="A branch's target is its own offset, plus 8, plus the word's lower 24 bits as a signed number of words. "
            "It has to be a word of the module, from MODULE_CODE up to `end` but not at it, or one of MODULE_ENTRIES.")
def test_branches(run):
    """b and bl lead to words of the module and to runtime entries, and to nothing else, wherever they stand."""
    as_the_table_says(run, branches, lambda pins, place: f", at 0x{place[0]:x} of a module that ends at 0x{place[1]:x}")


@functools.cache
def pin_words(seed):
    rng = random.Random(seed)
    forms = [form for form in masks.forms() if form.group == "Pins"]
    found = []
    for pins in (0, 1, 0x80, 0xff, 0x0c, rng.randrange(1, 255), rng.randrange(1, 255)):
        drawn = []
        for form in forms:
            masks_of = [0, pins, 0xff, pins ^ 1 << rng.randrange(8), pins & rng.getrandbits(8)]
            masks_of += [1 << bit for bit in range(8)] + [rng.getrandbits(8) for _ in range(20)]
            drawn += [form.value | AL | rng.randrange(15) << 12 | mask << 2 for mask in masks_of]
        drawn += [masks.near(rng, word) for word in drawn]
        drawn += [0xe5080000 | rng.getrandbits(12) | rng.randrange(32) << 20 & 0x01f00000 for _ in range(20)]
        found.append((pins, PLACE, drawn))
    return found


@check(points=4, step="5.1", boots=asked(pin_words), needs="accesses",
       hint="Bits 9 to 2 of the address are a mask of pins: none of it may be a pin that the owner does not hold. Only "
            "str and ldr of a word, with a positive offset and without writeback; and where the owner has pins nothing "
            "writes r8.")
def test_pins(run):
    """[r8, #mask << 2] is accepted exactly where each pin of the mask is the owner's; without pins, never."""
    as_the_table_says(run, pin_words, lambda pins, place: f", pins 0x{pins:02x}")


@functools.cache
def attacked(seed, which):
    del seed
    by_pins = {}
    for attack in attacks.every():
        by_pins.setdefault(attack.pins, []).append(attack)
    return [(pins, PLACE, [attack.words[which] for attack in some]) for pins, some in by_pins.items()]


def refused_words(seed):
    return attacked(seed, 0)


def accepted_words(seed):
    return attacked(seed, 1)


@check(points=4, step="5.1", boots=asked(accepted_words), needs=("computing", "guards", "accesses", "branches", "pins"),
       hint="Whoever refuses everything is safe and of no use. Each of these words stands in attacks.toml beside one "
            "that must be refused; look at what differs.")
def test_neighbours(run):
    """The harmless neighbours of all attacks in attacks.toml are accepted."""
    told(run, [(word, f", pins 0x{pins:02x}" * (pins != 0), True, masks.why(word, *place, pins))
               for pins, place, word, says in answered(run, accepted_words) if not says])


@check(points=6, step="5.1", boots=asked(refused_words), needs="neighbours",
       hint="Ask of the word: what does it write, what does it touch, where can control go, and is it really that "
            "instruction? attacks.toml says what is wrong with each.")
def test_attacks(run):
    """More than three hundred attacks on kernels that run sandboxed code are refused, word by word."""
    why = {(attack.pins, attack.words[0]): f"{attack.title}: {attack.why}" for attack in attacks.every()}
    told(run, [(word, f", pins 0x{pins:02x}" * (pins != 0), False, why[pins, word])
               for pins, _, word, says in answered(run, refused_words) if says])


@functools.cache
def modules(seed):
    """(what, size, offset, words, pins)"""
    rng = random.Random(seed)
    size = rng.randrange(0x40, 0x1000, 4)
    inside = rng.randrange(8, size - 8, 4)
    back = AL | 0x0a000000 | (-(size - 4) - 8 >> 2) & 0xffffff
    return [
        *(("nothing but nops", size, 0, [], 0) for size in (4, 64, CODE_MAX - 4, CODE_MAX)),
        *(("nothing but nops, and a size that cannot be", size, 0, [], 0)
          for size in (0, 1, 2, 3, 5, 6, 4095, CODE_MAX + 4, 0x80000000, 0xfffffffc, 0xfffffffe)),
        ("svc #0 as its first word", size, 0, [SVC], 0),
        ("svc #0 in the middle", size, inside, [SVC], 0),
        ("svc #0 twice", size, inside, [SVC, SVC], 0),
        ("svc #0 as its last word", size, size - 4, [SVC], 0),
        ("svc #0 as the last word of the longest module there is", CODE_MAX, CODE_MAX - 4, [SVC], 0),
        ("svc #0 just behind it", size, size, [SVC], 0),
        ("a branch from the last word to the first", size, size - 4, [back], 0),
        ("a branch from the last word to before the first", size, size - 4, [back - 1], 0),
        ("a branch from the first word to the last", size, 0, [AL | 0x0a000000 | size - 4 - 8 >> 2 & 0xffffff], 0),
        ("a branch from the first word to the end", size, 0, [AL | 0x0a000000 | size - 8 >> 2], 0),
        ("a branch from the middle to the end", size, inside, [AL | 0x0a000000 | size - inside - 8 >> 2 & 0xffffff], 0),
        ("a store to a pin, which the owner holds", size, inside, [0xe5880010], 4),
        ("a store to a pin, which the owner does not hold", size, inside, [0xe5880010], 8),
        ("a store to a pin, of an owner without pins", size, inside, [0xe5880010], 0),
    ]


# Behind these nobody may look away: returns and branches, a guard of each kind, what sets flags.
BEFORE = 0xe12fff19, 0xeafffffe, 0xe7d3a013, 0xe7d1911e, 0xe1a0d00a, 0xe3500000, 0xe1510002, NOP


def branch(at, to):
    return AL | 0x0a000000 | (to - at - 8 >> 2) & 0xffffff


def good_word(rng, at, end, pins):
    while not masks.accepts(word := masks.draw(rng, rng.choice(masks.forms()), (at, end)), at, end, pins):
        pass
    return word


def bad_word(rng, at, end, pins):
    attacked_with = [attack.words[0] for attack in attacks.every() if attack.pins in (0, pins)]
    while masks.accepts(word := rng.choice((rng.choice(attacked_with), masks.near(rng, good_word(rng, at, end, pins)))), at, end, pins):
        pass
    return word


@functools.cache
def drawn_modules(seed):
    """(what, size, offset, words, pins): words of all forms somewhere among nops, most times with one that must be refused; and the
    same words once more, where something else about them is another."""
    rng, found = random.Random(seed), []
    for i in range(40):
        pins, count = rng.choice((0, rng.randrange(1, 256))), rng.randrange(12, 40)
        size = 4 * (count + 8 + rng.randrange((16, 0x100, 0x400, 16, 0x1000, 0x100, 0x40, CODE_MAX // 4 - count - 8)[i % 8]))
        offset = rng.randrange(0, size - 4 * count - 16, 4)
        end, places = CODE + size, range(CODE + offset, CODE + offset + 4 * count, 4)
        words = [good_word(rng, at, end, pins) for at in places]
        told = f"{count} words of all forms, each of them good"
        if i % 3 == 0:          # and asked again
            words[:3] = branch(places[0], end - 4), branch(places[1], CODE), 0xe5880000 | pins << 2 if pins else NOP
            less = 4 * rng.randrange(1, 3)
            others = rng.sample(words, count)
            found += [(told, size, offset, words, pins), (told + " but in another order", size, offset, others, pins),
                      (told + " where the module is longer", size - less, offset, words, pins),
                      (told + f" for pins 0x{pins:02x}", size, offset, words, rng.choice((0, pins & rng.getrandbits(8)))),
                      (told + " a word further on", size, offset + 4, words, pins)]
            continue
        k = rng.randrange(1, count)
        before = rng.choice(BEFORE)
        bad = bad_word(rng, places[k], end, pins)
        words[k - 1:k + 1] = before, bad
        told = f"{count} words of all forms, one of which is bad"
        found.append((told, size, offset, words, pins))
        if i % 2:
            words = [*words[:k], good_word(rng, places[k], end, pins), *words[k + 1:]]
            found.append((f"{count} words of all forms, the bad one exchanged", size, offset, words, pins))
    return [one for one in found if one[1] <= CODE_MAX]


def module_answer(size, offset, words, pins):
    """What verify() has to return."""
    if size == 0 or size % 4 or size > CODE_MAX:
        return 0
    for i, word in enumerate(words):
        at = offset + 4 * i
        if at < size and not masks.accepts(word, CODE + at, CODE + size, pins):
            return at
    return ACCEPTED


def module_input(seed):
    return b"".join(question(words, pins, (offset, size), 1) for _, size, offset, words, pins in (*modules(seed), *drawn_modules(seed)))


def where_of(words, offset, answer):
    """The word that is at an offset, beside what was said of it."""
    at = (answer - offset) // 4
    return f": {words[at]:#010x}  {disassembled([words[at]])[0]}" if offset <= answer < offset + 4 * len(words) else ""


def said(answer):
    return "it is accepted" if answer == ACCEPTED else f"refused, at 0x{answer:x}"


@check(points=3, step="5.1", boots=Boot("words", input=module_input, read_at_end=keep_answers, budget=300_000_000),
       needs=("computing", "branches"),
       hint="verify() looks at the size first: 0, no multiple of 4 and too much are refused at 0, and nothing is read. "
            "Then each word at MODULE_CODE plus its offset, in a module that ends at MODULE_CODE plus the size; the "
            "first that is refused is told.")
def test_module(run):
    """verify() refuses impossible sizes, tells the first word that is refused, looks at each, and knows where it stands."""
    every = (*modules(run.seed), *drawn_modules(run.seed))
    for (what, size, offset, words, pins), answer in zip(every, run.kept["answers"], strict=True):
        expected = module_answer(size, offset, words, pins)
        if answer != expected:
            at = f" at 0x{offset:x}" * bool(words)
            raise Wrong(f"A module of 0x{size:x} bytes, with {what}{at}, pins 0x{pins:02x}.", look="verify, in verify.c",
                        expected=said(expected) + where_of(words, offset, expected),
                        got=said(answer) + where_of(words, offset, answer), run=run)


@check(points=4, step="5.1", boots=Boot("sweep", budget=900_000_000), needs="neighbours",
       hint="This is the whole contract, in words of all classes. Those that it names are the way to what is missing.")
def test_sweep(run):
    """Three hundred thousand words, of each class and of each form, are judged as the table of encodings says."""
    wrong = []
    for line in run.reported("word"):
        word, offset, end, pins, says = (int(text, 0) for text in line)
        where = f", at 0x{offset:x} of 0x{end:x}, pins 0x{pins:02x}"
        wrong.append((word, where, not says, masks.why(word, offset, end, pins)))
    told(run, wrong)
    tried, _, accepted, _, differing = run.words("swept")
    candidates = sum(len(masks.of_class(key << 16 & 0x0ff00000 | key << 4 & 0xf0)) for key in range(4096))
    if (int(tried), int(differing)) != (4096 * 8 + 128 * candidates, 0) or int(accepted) < int(tried) // 10:
        raise Wrong("The sweep did not try what it should.", got=run.reports, run=run)


COST = {1: 40, 0: 160}        # instructions a word, compiled as the course does, and without the compiler's optimiser


@check(points=2, step="5.1", boots=Boot("cost", marks=("cost_begin", "cost_end")), needs="module",
       hint="Decide by bits 27 to 25 first, and let each class compare what it has to. What is the same for all words, such "
            "as which registers are reserved, is found out once; a list that is gone through for each word costs too much.")
def test_cost(run):
    """Verifying code that GCC wrote costs at most 40 instructions a word, with pins and without."""
    without, _with, _, count = run.words("verified")
    if (without, _with) != ("0xffffffff", "0xffffffff"):
        raise Wrong("The module of checks/cost.S is refused.", expected="verified 0xffffffff 0xffffffff",
                    got=f"verified {without} {_with}", look="verify, in verify.c", run=run)
    counts, limit = [mark.count for mark in run.marks], COST[run.numbers("optimised")[0]]
    for begin, end, pins in zip(counts[::2], counts[1::2], ("no pins", "pins 0xff"), strict=True):
        each = (end - begin) / int(count)
        if each > limit:
            raise Wrong(f"verify(), {count} words, {pins}.", expected=f"at most {limit} instructions a word",
                        got=f"{each:.1f}", look=LOOK, run=run)
