"""What a change of the files does to the bodies: two compiles in, a frozen difference out.

    match → edits → changes → causes → groups

Nothing is guessed from paths: a changed value is led back, by the layers it is made of on both
sides, to the statements in the files that differ.
"""
