"""Colours for A32 assembly as GNU as reads it: what Pygments brings knows neither @ comments nor ARM's registers."""
from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String, Text

REGISTERS = ("sp", "lr", "pc", "fp", "ip", "cpsr", "spsr", "cpsr_c", "cpsr_fsxc", "spsr_c", "spsr_fsxc", "sb", "sl",
             *(f"r{i}" for i in range(16)), *(f"c{i}" for i in range(16)), *(f"p{i}" for i in range(16)))


class A32Lexer(RegexLexer):
    name, aliases, filenames = "A32 assembly", ["asm"], ["*.S"]
    tokens = {
        "root": [
            (r"\s+", Text),
            (r"@.*?$|//.*?$", Comment.Single),
            (r"/\*(?:.|\n)*?\*/", Comment.Multiline),
            (r"^#.*?$", Comment.Preproc),
            (r"[\w.$]+:", Name.Label),
            (r"\.[a-z][\w.]*", Keyword.Pseudo, "operands"),
            (r"[A-Za-z_][\w.]*", Name.Function, "operands"),
            (r"\d+[bf]?|.", Text),
        ],
        "operands": [
            (r"\n|;", Text, "#pop"),
            (r"[^\S\n]+", Text),
            (r"(?=@|//|/\*)", Text, "#pop"),
            (r'"(?:\\.|[^"\\\n])*"', String),
            (words(REGISTERS, suffix=r"\b"), Name.Builtin),
            (r"#?-?(?:0x[0-9a-fA-F]+|\d+[bf]?)\b", Number),
            (r"\\?[A-Za-z_.][\w.]*", Name.Variable),
            (r".", Punctuation),
        ],
    }
