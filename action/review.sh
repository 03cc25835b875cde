#!/bin/sh
# Validates the project and compares it with its base: notes beside the lines, the job's summary,
# a report, and a page where one is asked for. Outputs: `errors`, `new-errors`, `changes` (`true` or
# `false`), and the files `report` and `page`.
# Ends with 1 only where it cannot do that; whether what it finds fails the job, verdict.sh says.
set -euf
# A job that has set them for its own tests may lead into the workspace, which may be a stranger's.
unset PYTHONPATH PYTHONHOME PYTHONUSERBASE

fail() {
    printf '::error title=voxmint::%s\n' "$1"
    exit 1
}

tell() {
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Text from files could hold lines that the runner takes for its own commands.
quote() {
    key=voxmint-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$key"
    cat "$1"
    printf '::%s::\n' "$key"
}

voxmint() {
    "$REVIEW_VOXMINT" --color never -C "$REVIEW_PROJECT" "$@"
}

commit() {
    git -c safe.bareRepository=explicit -C "$REVIEW_PROJECT" rev-parse --verify --quiet "$1^{commit}"
}

# What is compared, as words for `voxmint diff`: sets `base` and `head`; no base, no comparison.
choose() {
    base=$REVIEW_BASE head=${REVIEW_HEAD:-HEAD}
    case $base$head in -*) fail "a revision does not begin with a dash" ;; esac
    [ -z "$base" ] || return 0
    if [ -n "$REVIEW_HEAD" ]; then
        base=$GITHUB_SHA...$head head=
    elif [ -n "$REVIEW_BASE_SHA" ]; then
        if [ "$(commit HEAD^2)" = "$REVIEW_HEAD_SHA" ]; then
            # The merge that GitHub tries: its first parent is what the pull request goes into.
            base='HEAD^1'
        else
            base=$REVIEW_BASE_SHA...HEAD head=
        fi
    elif [ -n "$REVIEW_BEFORE_SHA" ] && commit "$REVIEW_BEFORE_SHA" >"$work/before"; then
        base=$REVIEW_BEFORE_SHA
    fi
}

# Compares, and writes what comes of it in a form to a file: sets `code`.
compare() {
    form=$1 file=$2
    set --
    for length in $(printf '%s' "$REVIEW_MIN_REMAINING" | tr ',' ' '); do
        set -- "$@" "--min-remaining=$length"
    done
    code=0
    voxmint diff --detailed-exitcode -o "$form" "$@" \
        --base-url "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" \
        "$base" ${head:+"$head"} -- >"$file" 2>"$work/said" || code=$?
    quote "$work/said"
}

case ,$REVIEW_FAIL_ON, in
*[!a-z,\ -]*) fail "the input 'fail-on' takes words: errors, new-errors, changes or never" ;;
esac
work=$(mktemp -d "$RUNNER_TEMP/voxmint-review.XXXXXX")
cd "$GITHUB_WORKSPACE"
choose

errors=false
summary=$work/validated
if [ -z "$REVIEW_HEAD" ]; then
    strict=
    [ "$REVIEW_STRICT" != true ] || strict=--strict
    code=0
    voxmint validate ${strict:+"$strict"} -o github 2>"$summary" || code=$?
    quote "$summary"
    case $code in
    0) ;;
    1) errors=true ;;
    *) fail "the project cannot be validated; the log says why" ;;
    esac
fi

changes=false new_errors=false report='' page=''
if [ -n "$base" ]; then
    report=$work/report.md
    compare markdown "$report"
    case $code in
    0) ;;
    1)
        [ -s "$report" ] || fail "nothing could be compared, and the log says why"
        changes=true new_errors=true
        ;;
    2) changes=true ;;
    *) fail "the log says why nothing can be compared; actions/checkout may need 'fetch-depth: 0'" ;;
    esac
    if [ -n "$REVIEW_ARTIFACT" ]; then
        page=$work/voxmint-diff.html
        compare html "$page"
    fi
else
    echo '::notice title=voxmint::there is no base to compare with, so only the project is validated'
fi

{
    printf '## voxmint\n\n'
    if [ -f "$summary" ]; then
        # Its own sentence, of counts; a backquote less is no loss, and cannot end the code.
        printf '`%s`\n\n' "$(tr -d '\140' <"$summary" | tail -n 1)"
    fi
    [ -z "$report" ] || cat "$report"
} >>"$GITHUB_STEP_SUMMARY"

tell errors $errors
tell new-errors $new_errors
tell changes $changes
tell report "$report"
tell page "$page"
