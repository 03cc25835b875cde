#!/bin/sh
# Fails the job by choice: REVIEW_FAIL_ON names what does.
set -euf

failed=

fails() {
    if [ "$1" = true ]; then
        printf '::error title=voxmint::%s\n' "$2"
        failed=1
    fi
}

for word in $(printf '%s' "$REVIEW_FAIL_ON" | tr ',' ' '); do
    case $word in
    errors) fails "$REVIEW_ERRORS" 'there are errors in the project' ;;
    new-errors) fails "$REVIEW_NEW_ERRORS" 'the change brings errors' ;;
    changes) fails "$REVIEW_CHANGES" 'the change reaches sessions, and this job asks for none' ;;
    never) ;;
    *) fails true "the input 'fail-on' takes errors, new-errors, changes and never" ;;
    esac
done
[ -z "$failed" ]
