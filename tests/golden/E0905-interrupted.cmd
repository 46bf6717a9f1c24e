timeout --preserve-status -s INT 0.5 ckmig compile - < <(sleep 2)
exit 130
