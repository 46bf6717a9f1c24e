ckmig ls --force a
exit 2
