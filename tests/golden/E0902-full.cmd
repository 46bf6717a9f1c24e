ckmig --help > /dev/full
exit 2
