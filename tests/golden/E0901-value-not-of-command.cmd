# One mistake, one error: the command does not have the option, whatever its value is.
for words in "--jobs k.ckmig ckpt" "--jobs=0 k.ckmig ckpt" "k.ckmig ckpt --jobs" "--jobs=1 --jobs=2 k.ckmig ckpt"; do ckmig plan $words; done
exit 2
