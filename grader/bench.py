"""The papers' tables, measured on this kernel in executed instructions: exact, the same on every run and machine.

labs/N-name/bench.toml says what is counted:

    [[tables]]
    title = "What the basics cost"
    [[tables.rows]]
    name = "a printk of one line"
    payload = "bench"               # labs/N-name/checks/bench.c, or labs/N-name/bench.c
    from = "printk_begin"           # counted from reaching this symbol,
    to = "printk_end"               # before its instruction executes, to reaching this one
    repetitions = 8                 # how often the payload does it (1)
    pairs = true                    # where both are one: an instruction that faults, reached again when it is tried again
    paper = 5.4                     # what the paper measured, if it did,
    unit = "µs on a DECstation 5000/125"
    source = "Engler, Kaashoek and O'Toole 1995, Table 3"
    linux = 890                     # a baseline's instructions, if there is one

and a table may have `budget`, the instructions that its runs may take. A symbol never reached is an error, not a zero.
A table may have

    columns = ["plain", "safe"]     # each row once for each of these words, which * stands for in the row's other keys

and then shows the first column's figures, how many percent more the others' are, and the geometric mean of that. In
place of from and to a row may have

    reported = "bytes * crc32"      # the number that the payload reports behind these words

and such a row may have

    across = [1, 10, 100]           # it is there once for each of these numbers, which # stands for in name and reported

of which `plot = { name = "cost", x = "filters", y = "instructions for a frame" }` makes build/bench/N-name/cost.svg (plot.py)
where the table has nothing else. Beside from and to a row may have `per`, the words of such a report, by whose number
what is counted is divided: all figures are shown as they are then; as they are in a table with `figures = true`.
A table may count something else than instructions:

    counts = "loads"                # bytes that are loaded, or "stores", between the two symbols,
    watch = [0x47e00000, 0x1000]    # in this memory: its physical address, and how many bytes

A table of what is done to the GPIO may have

    waveform = { payload = "wave", lines = { 0 = "by system call" } }

and then what that payload does to these lines is written to build/bench/N-name/wave.vcd and wave.svg (waveform.py).
The BPF programs of a payload, labs/N-name/PAYLOAD/*.bpf (bpf.py), are its run's input: in the order of their names, each
behind the number of its instructions.
"""
import json
import math
import struct
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Mapping, Sequence

from grader import bpf, labs, plot, waveform
from grader.errors import GraderError, Usage
from grader.paths import BUILD, ROOT

COUNTED = "instructions executed, from reaching the first symbol to reaching the second"
BYTES = {"loads": "r", "stores": "w"}       # what else a table may count, and the accesses that it is about


@dataclass(frozen=True)
class Row:
    """One line of a table: what is done, in which payload, and between which symbols it is counted."""
    name: str
    payload: str
    start: str = ""
    stop: str = ""
    repetitions: int = 1
    paper: float | None = None      # in `unit`
    unit: str = ""
    source: str = ""
    linux: int | None = None        # instructions
    pairs: bool = False             # start and stop are one symbol, which is reached twice each time
    reported: str = ""              # in place of start and stop: words of a report with a number
    per: str = ""                   # words of a report whose number divides what is counted
    column: str = ""
    number: int | None = None       # which of `across` it is for
    what: str = ""                  # of all its numbers: its name, and what is reported


@dataclass(frozen=True)
class Plot:
    """A figure of a table's rows over the numbers they are for: a line for each column."""
    name: str
    x: str
    y: str


@dataclass(frozen=True)
class Waveform:
    """Of which payload's run the lines are recorded, and what each is."""
    payload: str
    lines: Mapping[int, str]


@dataclass(frozen=True)
class Table:
    lab: str
    title: str
    rows: tuple[Row, ...]
    budget: int | None = None       # instructions; None: the engine's own
    columns: tuple[str, ...] = ()   # each row is there once for each, one behind the other
    waveform: Waveform | None = None
    plot: Plot | None = None
    counts: str = ""                # of BYTES: those are counted, and no instructions,
    watch: tuple[int, ...] = ()     # in this memory: physical address, bytes
    figures: bool = False           # all columns are shown as they are

    @property
    def counted(self) -> str:
        if not self.counts:
            return COUNTED
        memory = f"the {self.watch[1]:,} from {self.watch[0]:#x} on"
        return f"bytes of {memory} in {self.counts}, from reaching the first symbol to reaching the second"


@dataclass(frozen=True)
class Measured:
    """A row and the instructions that each repetition took."""
    row: Row
    counts: tuple[int | float, ...]

    @property
    def figure(self) -> str:
        """"412", or "398-412" where repetitions differ."""
        low, high = min(self.counts), max(self.counts)
        show = "{:.1f}" if self.row.per else "{}"
        return show.format(low) if low == high else f"{show.format(low)}-{show.format(high)}"


def configure(parser) -> None:
    parser.description = "Measure the tables of a lab, or of all labs, in instructions."
    parser.add_argument("lab", nargs="?", help="1, boot or 1-boot; all labs that have tables if none is named")
    parser.add_argument("--src", default="solutions" if (ROOT / "solutions").is_dir() else "starter",
                        help="whose kernel: %(default)s (default), starter, or a tree")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE",
                        help="whose earlier labs: starter, solutions, reference; 2=TREE: lab 2's")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")


def main(args) -> int:
    chosen = [labs.find(args.lab)] if args.lab else labs.every()
    tables = [(lab, table) for lab in chosen for table in read(ROOT / lab.folder)]
    if not tables:
        raise Usage(f"{chosen[0].folder} has no bench.toml: `make bench` alone measures the labs that have one"
                    if args.lab else "no lab has a bench.toml yet")
    done, runs = [], {}
    for lab, table in tables:
        kernel = labs.compose(lab, args.src, labs.priors(args.prior))
        elfs = build(kernel, table)
        done.append((table, measure(table, elfs, runs)))
        print(text(*done[-1]))
        if table.waveform:
            print("  What the lines did: " + ", ".join(map(str, write(table, record(table, elfs)))) + "\n")
        if table.plot:
            print(f"  Drawn: {draw(*done[-1])}\n")
    if args.json:
        figures = {"counted": COUNTED, "tables": [data(*each) for each in done]}
        Path(args.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def read(folder: Path) -> list[Table]:
    """The tables in folder/bench.toml, none if there is no such file. GraderError names a place and what is wrong."""
    file = folder / "bench.toml"
    where = f"labs/{folder.name}/bench.toml"
    if not file.exists():
        return []
    try:
        content = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GraderError(f"{where}: {error}") from None

    keys = {"name": str, "payload": str, "from": str, "to": str, "repetitions": int, "paper": (int, float), "unit": str,
            "source": str, "linux": int, "pairs": bool, "reported": str, "per": str, "across": list}
    names, starred = {"from": "start", "to": "stop"}, ("from", "to", "reported", "per")

    def typed(table, keys, needed, place):
        for key, value in table.items():
            if key not in keys:
                raise GraderError(f"{where}: {place}: there is no key {key}; there are {', '.join(keys)}")
            if not isinstance(value, keys[key]) or isinstance(value, bool) != (keys[key] is bool):
                raise GraderError(f"{where}: {place}: {key} = {value!r} is of the wrong type")
        for key in needed:
            if not table.get(key):
                raise GraderError(f"{where}: {place}: {key} is missing")

    typed(content, {"tables": list}, ("tables",), "the file")
    tables = []
    for entry in content["tables"]:
        typed(entry, {"title": str, "budget": int, "columns": list, "rows": list, "waveform": dict, "plot": dict,
                      "counts": str, "watch": list, "figures": bool}, ("title", "rows"), "a table")
        counts, watch = entry.get("counts", ""), tuple(entry.get("watch", ()))
        if counts not in ("", *BYTES) or bool(counts) != bool(watch) or (watch and [*map(type, watch)] != [int, int]):
            raise GraderError(f"{where}: {entry['title']}: counts is one of {', '.join(BYTES)}, and goes with "
                              "watch = [address, bytes]")
        columns = entry.get("columns", [])
        if not all(isinstance(column, str) and column for column in columns) or len(set(columns)) < len(columns):
            raise GraderError(f"{where}: {entry['title']}: columns are words, no two the same")
        rows = []
        for row in entry["rows"]:
            place = f"{entry['title']}, {row.get('name', 'a row')}"
            typed(row, keys, ("name", "payload", *(() if "reported" in row else ("from", "to"))), place)
            if "reported" in row and row.keys() & {"from", "to", "repetitions", "pairs", "per"}:
                raise GraderError(f"{where}: {place}: what is reported is not counted")
            if row.get("repetitions", 1) < 1:
                raise GraderError(f"{where}: {place}: repetitions is 1 or more")
            if "paper" in row and not (row.get("unit") and row.get("source")):
                raise GraderError(f"{where}: {place}: a paper's figure needs its unit and its source")
            across = row.pop("across", [None])
            if across != [None] and not ("reported" in row and across and all(type(x) is int and x > 0 for x in across)):
                raise GraderError(f"{where}: {place}: across is a list of numbers from 1 on, of what is reported")
            for number in across:
                for column in columns or [""]:
                    here = {names.get(key, key): value.replace("*", column) if columns and key in starred else value
                            for key, value in row.items()}
                    what = f"{row['name']}: reported as \"{here['reported']}\"" if number else ""
                    if number:
                        here |= {key: here[key].replace("#", str(number)) for key in ("name", "reported")}
                    rows.append(Row(**here, column=column, number=number, what=what))
        wave, place = entry.get("waveform"), f"{entry['title']}, waveform"
        if wave is not None:
            typed(wave, {"payload": str, "lines": dict}, ("payload", "lines"), place)
            typed(wave["lines"], {str(pin): str for pin in range(waveform.PINS)}, (), f"{place}, lines")
            wave = Waveform(wave["payload"], {int(pin): name for pin, name in wave["lines"].items()})
        drawn = entry.get("plot")
        if drawn is not None:
            typed(drawn, {"name": str, "x": str, "y": str}, ("name", "x", "y"), f"{entry['title']}, plot")
            if not columns or len(entry["rows"]) != 1 or rows[0].number is None:
                raise GraderError(f"{where}: {entry['title']}: what is drawn has columns, and one row, across some numbers")
            drawn = Plot(**drawn)
        tables.append(Table(folder.name, entry["title"], tuple(rows), entry.get("budget"), tuple(columns), wave, drawn,
                            counts, watch, entry.get("figures", False)))
    return tables


def build(kernel: labs.Kernel, table: Table) -> dict[str, Path]:
    """The table's payloads as kernels. GraderError if one does not build: there is nothing to measure then."""
    from grader import build as it
    also = [table.waveform.payload] if table.waveform else []
    built = it.build(kernel, [row.payload for row in table.rows] + also)
    for payload, said in built.failed.items():
        raise GraderError(f"{kernel.tree}: {payload} does not build, so there is nothing to measure:\n{said}")
    return built.elfs


def measure(table: Table, elfs: dict[str, Path], runs: dict | None = None) -> list[Measured]:
    """Boot each payload once, with the marks of all its rows; the rows in their order.

    `runs` keeps what has been run, and is looked into first, for the tables of one kernel.
    """
    runs, mine = {} if runs is None else runs, {}
    for payload in dict.fromkeys(row.payload for row in table.rows):
        rows = [row for row in table.rows if row.payload == payload]
        marks = dict.fromkeys(symbol for row in rows if not row.reported for symbol in (row.start, row.stop))
        options = dict(marks=tuple(marks), watch=(table.watch,) if table.watch else ())
        key = (elfs[payload], table.budget, *options.values())
        mine[payload] = runs[key] = runs.get(key) or _run(table, payload, elfs, **options)
    return [Measured(row, figures(row, mine[row.payload], table.counts)) for row in table.rows]


def figures(row: Row, run, counted: str = "") -> tuple[int | float, ...]:
    """What a row measures: what is counted, instructions or BYTES, or what the payload reports."""
    if row.reported:
        return (reported(row, row.reported, run.reports),)
    counts = count(row, run.marks)
    if counted:
        accesses = [access for access in run.accesses if access.kind == BYTES[counted] and access.cpu == 0]
        counts = tuple(sum(access.size for access in accesses if begin <= access.count < end)
                       for begin, end in between(row, run.marks))
    return tuple(each / reported(row, row.per, run.reports) for each in counts) if row.per else counts


def reported(row: Row, words: str, reports: Sequence[str]) -> int:
    """The number behind these words in the one report that begins with them."""
    found = [line[len(words):].strip() for line in reports if line.startswith(words + " ")]
    if len(found) != 1 or not found[0].isdecimal() or (words == row.per and found[0].strip("0") == ""):
        raise GraderError(f"bench: {row.name}: the payload reports no one number as `{words}'")
    return int(found[0])


def record(table: Table, elfs: dict[str, Path]) -> tuple[waveform.Change, ...]:
    """What the GPIO's lines do in the run of table.waveform."""
    return waveform.timed(_run(table, table.waveform.payload, elfs, pins=True, watch=(waveform.GPIO,)))


def write(table: Table, changes: Sequence[waveform.Change]) -> list[Path]:
    """Those as files: how they are named, from the root where they lie below it."""
    stem = BUILD / "bench" / table.lab / table.waveform.payload
    texts = {".vcd": waveform.vcd(changes, table.waveform.lines),
             ".svg": waveform.svg(changes, table.waveform.lines, table.title)}
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = []
    for suffix, content in texts.items():
        file = stem.with_suffix(suffix)
        file.write_text(content)
        files.append(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file)
    return files


def draw(table: Table, measured: Sequence[Measured]) -> Path:
    """The table's figure as a file: how it is named, from the root where it lies below it."""
    lines = {column: [(each.row.number, max(each.counts)) for each in measured if each.row.column == column]
             for column in table.columns}
    file = BUILD / "bench" / table.lab / f"{table.plot.name}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(plot.svg(lines, table.title, table.plot.x, table.plot.y))
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file


def _run(table: Table, payload: str, elfs: dict[str, Path], **options):
    """The payload's run. GraderError if it does not come to its end."""
    from grader import engine, params, symbols
    boot = engine.Boot(payload, input=programs(ROOT / "labs" / table.lab / payload), **options,
                       **({"budget": table.budget} if table.budget else {}))
    seed = params.fixed_seed(f"{table.lab}/bench/{payload}")
    try:
        run = engine.run(boot, elfs[payload], seed=seed, nonce=params.nonce(seed))
    except symbols.NoSymbol as error:
        raise GraderError(f"bench: {table.lab}, {payload}: {error}") from None
    if "end" not in run.reports:
        said = run.console.decode("ascii", "replace").strip().rpartition("\n")[2]
        raise GraderError(f"bench: {table.lab}: {payload} did not come to its end ({run.end}): {said}")
    return run


def programs(folder: Path) -> bytes:
    """The folder's BPF programs, in the order of their names: for each a word, how many instructions follow, and these."""
    data = b""
    for file in sorted(folder.glob("*.bpf")):
        try:
            program = bpf.assemble(file.read_text())
        except Usage as error:
            raise GraderError(f"labs/{folder.parent.name}/{folder.name}/{file.name}: {error}") from None
        data += struct.pack("<I", len(program)) + bpf.encode(program)
    return data


def count(row: Row, marks: Sequence) -> tuple[int, ...]:
    """The instructions between each `start` and the `stop` behind it, on the first core: between()."""
    return tuple(end - begin for begin, end in between(row, marks))


def between(row: Row, marks: Sequence) -> tuple[tuple[int, int], ...]:
    """How many instructions had been executed at each `start`, and at the `stop` behind it, on the first core.

    GraderError if they do not pair up, or not `repetitions` times.
    """
    counts, begun = [], None
    for mark in marks:
        if mark.cpu != 0:
            continue
        if mark.symbol == row.stop and begun is not None:
            counts.append((begun, mark.count))
            begun = None
            if row.pairs:
                continue
        if mark.symbol == row.start:
            if begun is not None:
                raise GraderError(f"bench: {row.name}: {row.start} was reached again before {row.stop}")
            begun = mark.count
    if begun is not None and row.start == row.stop:
        begun = None                # the last of a loop: nothing follows it
    if begun is not None or len(counts) != row.repetitions:
        reached = {mark.symbol for mark in marks}
        missed = [symbol for symbol in dict.fromkeys((row.start, row.stop)) if symbol not in reached]
        never = "".join(f"; {symbol} was never reached" for symbol in missed)
        raise GraderError(f"bench: {row.name}: counted {len(counts)} times from {row.start} to {row.stop}, and not "
                          f"{row.repetitions}{never}")
    return tuple(counts)


def text(table: Table, measured: list[Measured]) -> str:
    """The table as it is printed: figures, then for every row what was counted and where another's figure is from."""
    if table.columns:
        return matrix(table, measured)

    def paper(row):
        return f"{row.paper:g} {row.unit}" if row.paper is not None else ""

    columns = [("", [each.row.name for each in measured]),
               ("bytes" if table.counts else "instructions", [each.figure for each in measured]),
               ("Linux", [f"{each.row.linux}" if each.row.linux is not None else "" for each in measured]),
               ("paper", [paper(each.row) for each in measured])]
    columns = [(head, cells) for head, cells in columns if any(cells)]
    widths = [max(map(len, [head, *cells])) for head, cells in columns]

    def line(cells):
        first, *others = (cell.rjust(width) for cell, width in zip(cells, widths))
        return "  ".join(["", first.strip().ljust(widths[0]), *others]).rstrip()

    out = [f"{table.lab}: {table.title}", line([head for head, _ in columns])]
    out += [line(cells) for cells in zip(*(cells for _, cells in columns))]
    out.append(f"  Counted: {table.counted}.")
    for each in measured:
        row = each.row
        often = "" if row.repetitions == 1 else f", {row.repetitions} times"
        source = f"; the paper's figure: {row.source}" if row.paper is not None else ""
        out.append(f"    {row.name}: from {row.start} to {row.stop}{often}{source}")
    return "\n".join(out) + "\n"


def ratios(table: Table, measured: list[Measured]) -> list[list[float]]:
    """By row, each column's figure in terms of the first's."""
    width = len(table.columns)
    return [[max(each.counts) / max(measured[at].counts) for each in measured[at:at + width]]
            for at in range(0, len(measured), width)]


def means(table: Table, measured: list[Measured]) -> list[float]:
    """By column, the geometric mean of its ratios to the first."""
    return [math.prod(column) ** (1 / len(column)) for column in zip(*ratios(table, measured))]


def matrix(table: Table, measured: list[Measured]) -> str:
    """A table with columns."""
    width, plain = len(table.columns), table.figures or bool(table.counts) or any(each.row.per for each in measured)
    rows = [measured[at:at + width] for at in range(0, len(measured), width)]
    more = ratios(table, measured)
    cells = [["", *table.columns]]
    for row, by_row in zip(rows, more):
        others = [each.figure for each in row[1:]] if plain else [f"{100 * by - 100:+.1f} %" for by in by_row[1:]]
        cells.append([row[0].row.name, row[0].figure, *others])
    if not plain and len(rows) > 1:
        cells.append(["geometric mean", "", *(f"{100 * by - 100:+.1f} %" for by in means(table, measured)[1:])])
    widths = [max(map(len, column)) for column in zip(*cells)]
    out = [f"{table.lab}: {table.title}"]
    for first, *others in cells:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:]))
        out.append("  ".join(["", first.ljust(widths[0]), *right]).rstrip())
    if any(not each.row.reported for each in measured):
        out.append(f"  Counted: {table.counted}.")
    for said in dict.fromkeys(row[0].row.what for row in rows if row[0].row.what):
        out.append(f"    {said}, and so on")
    for each in (row[0].row for row in rows if not row[0].row.what):
        what = f"reported as \"{each.reported}\"" if each.reported else f"from {each.start} to {each.stop}"
        out.append(f"    {each.name}: {what}{f', by the number of {each.per}' if each.per else ''}, and so on")
    return "\n".join(out) + "\n"


def data(table: Table, measured: list[Measured]) -> dict:
    """The same for programs."""
    rows = []
    for each in measured:
        row = asdict(each.row)
        row["from"], row["to"] = row.pop("start"), row.pop("stop")
        counted = "figures" if each.row.per or each.row.reported else "bytes" if table.counts else "instructions"
        said = {key: value for key, value in row.items() if value not in (None, "") and value is not False}
        rows.append(said | {counted: list(each.counts)})
    return {"lab": table.lab, "title": table.title, "rows": rows}
