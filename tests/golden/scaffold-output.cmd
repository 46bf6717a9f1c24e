cp ../data/tf2_keras3/adam-1.* "$T"
ckmig scaffold -o "$T/made.ckmig" "$T/adam-1" && ckmig scaffold -q -o - "$T/adam-1" | cmp - "$T/made.ckmig" && echo same
ckmig scaffold -o "$T/made.ckmig" "$T/adam-1"
echo "exit $?"
ckmig scaffold --force -o "$T/adam-1.index" "$T/adam-1"
echo "exit $?"
ckmig scaffold --onto
echo "exit $?"
ckmig scaffold "$T/adam"
exit 2
