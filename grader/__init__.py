"""exolab's autograder and instructor's tools; README.md beside this file says how the parts fit."""
