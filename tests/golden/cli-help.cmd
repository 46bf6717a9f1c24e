ckmig --help
for c in compile plan run verify ls show explain disasm; do echo; ckmig $c --help; done
exit 0
