ckmig compile -q -o $T/plan compile-bert.ckmig
python3 - $T/plan <<'END'
import hashlib, sys
# As vm/plan.h frames it: a magic, the SHA-256 of what follows, the message, whose first field is the format.
b = bytearray(open(sys.argv[1], "rb").read())
at = len(b"\x89CKPLAN\n") + 32
assert b[at] == 8 and b[at + 1] < 127, b[at:at + 2]
b[at + 1] += 1
b[at - 32:at] = hashlib.sha256(b[at:]).digest()
open(sys.argv[1], "wb").write(b)
END
ckmig disasm $T/plan
exit 5
