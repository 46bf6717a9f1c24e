# `after` is checked where several migrations are given; what it names and is not there may have been applied before.
printf 'ckmig 1\nmigration "rename" after "older"\nmap rest -> "m/**"\n' > "$T/rename.ckmig"
printf 'ckmig 1\nmigration "fuse"\n  after "prepare",\n        "rename"\nkeep rest\n' > "$T/fuse.ckmig"
cd "$T" && ckmig compile rename.ckmig fuse.ckmig && ckmig compile fuse.ckmig rename.ckmig
exit 3
