#!/bin/sh
# Commits the flag file that Tidegate has written, and pushes it. Tidegate runs this again after a failure: it does what is left.
set -eu
git add -- "$TIDEGATE_FILE"
if ! git diff --cached --quiet -- "$TIDEGATE_FILE"; then
  git -c user.name=Tidegate -c user.email=tidegate@example.com commit --quiet \
    --message "$TIDEGATE_FLAG of $TIDEGATE_ENVIRONMENT to $TIDEGATE_PERCENT %: $TIDEGATE_REASON ($TIDEGATE_AUTHOR)" \
    -- "$TIDEGATE_FILE"
fi
# Somebody else may have pushed: their commits go first, and a conflict ends this with an error.
git push --quiet || { git -c user.name=Tidegate -c user.email=tidegate@example.com pull --quiet --rebase && git push --quiet; }
