"""A C file of ours as its reader sees it: comments, and declarations with the comment that stands before them.

This is no C parser. It knows what the house style looks like: declarations and comments at the left margin, a comment
directly above what it is about, a blank line between things that are apart. Excerpts in handouts are found through it
by symbol, and the pages about the contract headers are written from it.
"""
import bisect
import re
from dataclasses import dataclass

_TRIVIA = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)|\b_Noreturn\b")


@dataclass(frozen=True)
class Part:
    """A run of whole lines: a comment that stands alone, or declarations written without a blank line between them.

    `start` and `end` are 0-based lines, end excluded; the comment above a declaration is inside. `comment` is its text
    without comment signs, `code` the exact text below it ("" where a comment stands alone), `names` what it declares.
    """
    start: int
    end: int
    comment: str
    code: str
    names: tuple[str, ...]


def parts(text):
    """The Parts of a C source or header, in order; includes, conditions and include guards are left out."""
    found, pending = [], None               # pending: (start, end, comment) of a comment still without its declaration
    for start, end, kind in _items(text):
        lines = text.splitlines()[start:end]
        if kind == "comment":
            if pending:
                found.append(Part(*pending, "", ()))
            pending = (start, end, comment_text("\n".join(lines)))
            continue
        attached = pending is not None and pending[1] == start
        if pending and kind == "code" and not attached:
            found.append(Part(*pending, "", ()))
        if kind == "code":
            code = "\n".join(lines)
            last = found[-1] if found else None
            if attached:
                found.append(Part(pending[0], end, pending[2], code, _names(code)))
            elif last and last.code and last.end == start and not pending:
                found[-1] = Part(last.start, end, last.comment, last.code + "\n" + code, last.names + _names(code))
            else:
                found.append(Part(start, end, "", code, _names(code)))
        elif pending:
            found.append(Part(*pending, "", ()))
        pending = None
    if pending:
        found.append(Part(*pending, "", ()))
    guard = re.match(r"\s*(?:(?://[^\n]*|/\*.*?\*/)\s*)*#ifndef\s+(\w+)\s*\n#define\s+(\w+)[ \t]*\n", text, re.S)
    if guard and guard[1] == guard[2]:
        found = [_without_guard(part, guard[1]) for part in found]
    return [part for part in found if part.code or part.comment]


def comment_text(comment):
    """The words of a // or /* */ comment: signs and the margin they share taken away, line breaks kept."""
    lines = comment.expandtabs(8).splitlines()
    if comment.lstrip().startswith("//"):
        lines = [re.sub(r"^\s*//", "  ", line) for line in lines]
    else:
        lines = [re.sub(r"/\*+|\*+/\s*$", lambda m: " " * len(m[0]), line) for line in lines]
        if all(re.match(r"\s*\*", line) for line in lines[1:] if line.strip()):
            lines = lines[:1] + [re.sub(r"^(\s*)\*", r"\1 ", line) for line in lines[1:]]
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return "\n".join(line[margin:].rstrip() for line in lines).strip("\n")


def _without_guard(part, name):
    if name not in part.names:
        return part
    code = re.sub(rf"^#define\s+{name}\s*\n?", "", part.code)
    return Part(part.start, part.end, part.comment, code, tuple(n for n in part.names if n != name))


def _items(text):
    """(first line, last line + 1, "comment" | "code" | "directive") of everything at the top level."""
    lines, at, number, out = text.splitlines(), 0, 0, []
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    while number < len(lines):
        line = lines[number]
        first, at = number, starts[number]
        if not line.strip():
            number += 1
        elif line.lstrip().startswith("//"):
            while number < len(lines) and lines[number].lstrip().startswith("//"):
                number += 1
            aside = line[0].isspace() and out and out[-1][2] == "code" and out[-1][1] == first
            out.append((first, number, "code" if aside else "comment"))
        elif line.lstrip().startswith("/*"):
            end = text.find("*/", at)
            end = len(text) if end < 0 else end + 2
            if text[end:starts[_line(starts, end - 1) + 1] - 1].strip():  # `/* unused */ int x;`: code after all
                number = _declaration_end(text, starts, at)
                out.append((first, number, "code"))
            else:
                number = _line(starts, end - 1) + 1
                aside = line[0].isspace() and out and out[-1][2] == "code" and out[-1][1] == first
                out.append((first, number, "code" if aside else "comment"))
        elif line.startswith(".macro"):     # assembly's, in a header for both
            while number < len(lines) and not lines[number].startswith(".endm"):
                number += 1
            number += 1
            out.append((first, number, "code"))
        elif line.startswith("#"):
            while number < len(lines) and lines[number].endswith("\\"):
                number += 1
            number += 1
            out.append((first, number, "code" if re.match(r"#\s*define\b", line) else "directive"))
        else:
            number = _declaration_end(text, starts, at)
            out.append((first, number, "code"))
    return out


def _line(starts, offset):
    """The 0-based line that holds an offset."""
    return bisect.bisect_right(starts, offset) - 1


def _declaration_end(text, starts, at):
    """One past the last line of the declaration or definition that begins at offset `at`."""
    called = re.compile(r"[A-Z_][A-Z0-9_]*\([^\n;{]*\)[ \t]*(?://[^\n]*)?(?=\n|$)").match(text, at)
    if called:                                      # a macro that declares, on a line of its own
        return _line(starts, at) + 1
    depth, body, i, before = 0, False, at, ""
    while i < len(text):
        trivia = _TRIVIA.match(text, i)
        if trivia:
            i = trivia.end()
            continue
        c = text[i]
        if c == "{" and depth == 0 and before == ")":
            body = True
        depth += (c in "({[") - (c in ")}]")
        if depth == 0 and (c == ";" or c == "}" and body):
            break
        before = before if c.isspace() else c
        i += 1
    return min(_line(starts, i), len(starts) - 2) + 1


def _names(code):
    """What a stretch of code declares: macros, functions, variables, types, enumerators."""
    plain = _TRIVIA.sub(lambda m: " " if m[0][0] == "/" else '""', code)
    if code.startswith(".macro"):
        return tuple(code.split()[1:2])
    names = re.findall(r"^#\s*define\s+(\w+)", plain, re.M)
    plain = _ATTRIBUTE.sub(" ", re.sub(r"^#(?:.*\\\n)*.*$", "", plain, flags=re.M))
    for declaration in _split(plain):
        names += _declared(declaration)
    return tuple(dict.fromkeys(names))


def _split(plain):
    """The declarations in code without comments and directives: cut where a ; or a function's } ends one."""
    out, depth, begin, before, body = [], 0, 0, "", False
    for i, c in enumerate(plain):
        body = body or (c == "{" and depth == 0 and before == ")")
        depth += (c in "({[") - (c in ")}]")
        if depth == 0 and (c == ";" or c == "}" and body):
            out.append(plain[begin:i + 1].strip())
            begin, body = i + 1, False
        before = before if c.isspace() else c
    return [declaration for declaration in out if declaration.strip("; \n")]


def _declared(declaration):
    if declaration.startswith("_Static_assert"):
        return []
    names, head = [], declaration.split("{", 1)[0]
    tag = re.match(r"(?:typedef\s+|static\s+|extern\s+|const\s+)*(struct|union|enum)\s+(\w+)\s*$", head.strip("; \n"))
    if tag:
        names.append(tag[1] + " " + tag[2])
    if re.match(r"(?:typedef\s+)?enum\b", declaration) and "{" in declaration:
        names += re.findall(r"(?:[{,])\s*([A-Za-z_]\w*)", declaration)
    if "{" in declaration and not re.search(r"\)\s*$", head) and "=" not in head:
        tail = declaration.rsplit("}", 1)[1]         # struct { ... } name;
        return names + re.findall(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*(?=[;,=])", tail)
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*(?:\[[^\]]*\]\s*)?\)\s*\(", head)
    called = re.search(r"\b([A-Za-z_]\w*)\s*\(", head)
    if pointer and (not called or called.end() - 1 >= pointer.start()):
        return names + [pointer[1]]
    if called:
        return names + [called[1]]
    if tag and "{" not in declaration:
        return names                                  # a forward declaration
    return names + re.findall(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*(?=[;,]|$)", head.split("=")[0])
