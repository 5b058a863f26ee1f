"""The one command, `python3 -m grader VERB ...`. Bad use and trouble of its own end in one line and exit code 2."""
import argparse
import errno
import importlib.util
import os
import signal
import sys

from grader import errors
from grader.errors import GraderError, Usage

# verb -> the module that has its configure(parser) and main(args), and what it does.
VERBS = {
    "check": ("grader.check", "grade one lab"),
    "build": ("grader.build", "build a lab's kernels and say where they are"),
    "run": ("grader.interactive", "boot a lab's kernel, the terminal on its serial line"),
    "gdb": ("grader.interactive", "boot one check, stopped, in the debugger"),
    "rewind": ("grader.rewind", "boot one check in the debugger as it was judged, backwards too"),
    "watch": ("grader.watch", "check a lab again at each save"),
    "status": ("grader.status", "all labs: points, steps done, what comes next"),
    "bench": ("grader.bench", "the papers' tables, in instructions"),
    "bpf": ("grader.bpf", "assemble a program of lab 6's, or disassemble one"),
    "doctor": ("grader.doctor", "which tools are here, and what to do about those that are not"),
    "mutants": ("grader.mutants", "the known-wrong solutions, each against the check that must find it"),
    "soak": ("grader.soak", "every check many times, under load: one report or it fails"),
    "grade": ("grader.grade", "grade a class: a folder of what students handed in"),
    "gradescope": ("grader.gradescope", "the zip that Gradescope makes its autograder of"),
    "handouts": ("grader.handouts", "starter/ and the site, from solutions/ and labs/"),
    "release": ("grader.release", "what students get up to a lab: a git repository and an archive"),
    "leaks": ("grader.leaks", "whether a solution is in anything that students get"),
    "begin": ("grader.starter", "a branch of the student's own"),
    "update": ("grader.starter", "what is new in the course, merged"),
    "derive": ("grader.derive", "which bits of an instruction its operands move: GNU as is asked"),
    "reset": ("grader.starter", "one file of the starter as it was"),
    "variant": ("grader.variant", "a term of its own, in which old solutions fail"),
    "pristine": ("grader.starter", "an untouched starter, anywhere"),
}

# What the commoner errors of the system mean; the others have their own words.
WORDS = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up",
         errno.EMFILE: "too many files are open", errno.ENOMEM: "there is not memory enough"}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Usage(f"{self.prog}: {message} (--help lists what there is)")


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, or full marks; 1 marks missing; 2 it could not, or nonsense was asked."""
    argv = sys.argv[1:] if argv is None else argv
    debug = bool(os.environ.get("EXOLAB_DEBUG"))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")       # a locale without ␍ is no reason to stop
    try:
        verb = argv[0] if argv else ""
        if verb in ("", "-h", "--help"):
            print("python3 -m grader VERB ..., where VERB is one of:\n")
            print("\n".join(f"  {name:<9} {what}" for name, (_, what) in VERBS.items()))
            return 0 if verb else 2
        if verb not in VERBS:
            raise Usage(f"there is no verb {verb!r}; the verbs are: {', '.join(VERBS)}")
        if importlib.util.find_spec(VERBS[verb][0]) is None:
            raise Usage(f"{verb} is for the course's own repository, and this is a release of it")
        module = importlib.import_module(VERBS[verb][0])
        parser = Parser(prog=f"python3 -m grader {verb}", description=VERBS[verb][1])
        parser.set_defaults(verb=verb)
        module.configure(parser)
        args = parser.parse_args(argv[1:])
        code = module.main(args)
        sys.stdout.flush()
        return code
    except (Usage, GraderError) as error:
        return _complain(str(error).strip("\n"), debug)
    except KeyboardInterrupt:
        return _complain("interrupted", False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)    # nobody reads on; nothing more to flush
        return 2
    except OSError as error:
        what = WORDS.get(error.errno, error.strerror or str(error))
        return _complain(": ".join(str(part) for part in (what, error.filename) if part), debug)
    except Exception as error:
        words = f"{type(error).__name__}: {error}".partition("\n")[0]
        return _complain(f"the grader is broken here: {words} (set EXOLAB_DEBUG=1 for the traceback)", debug)


def _unwind_when_ended() -> None:
    """Let SIGTERM and a hang-up do what Ctrl-C does, so that no directory of ours stays behind."""
    ending = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
              if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)]

    def end(number, _):
        errors.interrupted.append(number)
        for other in ending:
            signal.signal(other, signal.SIG_IGN)        # once is enough: a second would disturb the unwinding
        sys.unraisablehook = lambda lost: None          # raised within a __del__ it is lost: `interrupted` still says it
        raise KeyboardInterrupt

    for number in ending:
        signal.signal(number, end)


def _complain(words: str, debug: bool) -> int:
    if debug and sys.exc_info()[0] is not None:
        import traceback
        traceback.print_exc()
    try:
        print(f"exolab: {words}", file=sys.stderr)
    except OSError:
        pass
    return 2


if __name__ == "__main__":
    _unwind_when_ended()
    sys.exit(main())
