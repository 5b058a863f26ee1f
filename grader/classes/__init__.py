"""A class: who handed in what, each graded once, and what comes of it all. The verb `grade` (grade.py) begins here."""
