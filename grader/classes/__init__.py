"""A class: who handed in what, each graded once, and what comes of it all. The verb `grade` (grader/grade.py) begins here."""
