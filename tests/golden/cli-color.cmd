ckmig compile --color=always E0304-target.ckmig
exit 3
