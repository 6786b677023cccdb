#!/usr/bin/env bash
# Compare the policies at hand (POLICIES) with those of a revision (BASE), on the decisions of a log (LOG) where one is
# given, and fail where a decision becomes what it must not (FAIL_ON). The report goes to the summary of the run.
set -euo pipefail

rm -f bascule-diff.md # an earlier run's
options=(--format markdown --output bascule-diff.md)
if [[ -n "${LOG:-}" ]]; then
  options+=(--log "$LOG")
fi
if [[ -n "${FAIL_ON:-}" ]]; then # without a log it fails: a condition that nobody can tell is not met
  options+=(--fail-on "$FAIL_ON")
fi
code=0
bascule diff "$BASE:$POLICIES" "$POLICIES" "${options[@]}" || code=$?
if [[ -f bascule-diff.md ]]; then
  cat bascule-diff.md >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
fi
exit "$code"
