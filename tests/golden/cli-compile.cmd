ckmig compile E0212-two-producers.ckmig -q > /dev/null; ckmig compile -q W0201-unused.ckmig
ckmig compile --json compile-bert.ckmig
ckmig compile - < compile-bert.ckmig
ckmig compile -o - compile-bert.ckmig | ckmig compile -
exit 0
