"""The two ways in which the grader itself can stop; `__main__` turns each into one line and exit code 2."""


interrupted: list[int] = []      # the signal that asked this command to end, should a library swallow the exception made of it


class Usage(Exception):
    """What was asked makes no sense; the message is one line that says what to type instead."""


class GraderError(Exception):
    """The grader could not judge (a tool is missing or died, the disk is full); never a score."""
