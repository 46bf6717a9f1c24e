# Each operator, fill, function and code has an example. Those of the text's errors bring them about; the others compile.
python3 - <<'END'
import json, re, subprocess
root = "../../"
def names(path, pattern):
    return re.findall(pattern, open(root + path).read(), re.M)
words = names("vm/op.def", r'^CK_OP\(\d+, \w+, "([^"]+)", (?!MACHINE)') + names("vm/fill.def", r'^CK_FILL\(\d+, \w+, "(\w+)"')
words += names("vm/function.def", r'^CK_FUNCTION\(\d+, \w+, "(\w+)"') + names("bundle/base/code.def", r"^CK_CODE\(([EW]\d+),")
n = 0
for word in dict.fromkeys(words):
    for page in json.loads(subprocess.run(["ckmig", "explain", "--json", word], capture_output=True, check=True).stdout):
        n += 1
        text = page["example"]
        if not text:
            print(word, "has no example")
        if not text or text.startswith("$ "):
            continue
        text = "ckmig 1\n" + text + "\n"
        said = subprocess.run(["ckmig", "compile", "-"], input=text, capture_output=True, text=True).stderr
        found = set(re.findall(r"^(?:error|warning)\[(\w+)\]", said, re.M))
        wanted = {word} if re.match("E0[123]|W0[12]", word) and word not in ("E0305", "E0307", "W0202") else set() if page["available"] else {"E0214"}
        # Files that examples name are not there.
        if found - {"E0902", "W0201"} != wanted - {"W0201"}:
            print(word, sorted(found), said)
print(n, "examples")
END
exit 0
