ckmig --version
exit 0
