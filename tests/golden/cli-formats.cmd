for f in gcc json sarif; do ckmig compile --format $f E0304-target.ckmig; done
exit 3
