"""The order of the grader's own tests: those that take a minute or more come first, so that no core waits for the last
one when all others are done."""

LONG = ("test_this_course_leaks_nothing", "test_what_a_page_shows_is_what_is_printed", "test_choices")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.originalname) if item.originalname in LONG else len(LONG))
