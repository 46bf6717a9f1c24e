timeout --preserve-status -s TERM 0.5 ckmig compile - < <(sleep 2)
exit 143
