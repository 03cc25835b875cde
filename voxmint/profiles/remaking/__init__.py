"""Bodies of a state made from those of an earlier one, as far as the two do not differ.

Each part of a session, such as its `turn_detection`, is made of that part of the body's layers, and
of what its templates see. So a body that has the layers of before is that of before, and one with
layers that say something else in some parts is made anew in these parts only: they are merged by
themselves, and all cells only when somebody asks for them.

Where single values differ, plain ones, templates or vars, only these are worked out anew, from the
layers that speak of them: the rest of the body is what it was, and so is all that was found in it,
as long as the new value looks the same to the rules.

What is in doubt is not made here, but compiled in full: bodies with a problem that is not merely
found in a value as it is written, then or now; templates that only Jinja can read; other labels or
descriptions; and directives on whole sections.
"""
