timeout --preserve-status -s ABRT 0.5 ckmig compile - < <(sleep 2)
exit 70
