#!/usr/bin/env python3
"""Makes a man page of its source: generate.py man/ckmig.5 > build/man/ckmig.5

A source is man(7) that is easier to write:
  .\\" TABLE name [word]   is followed by a table, made from the rows of the .def files, so that no list is kept by hand
  .EX ... .EE             holds text as it is, to be shown as it is; tests/man runs it
  `word`                  is bold, and every character of it means itself
Text lines may be long; they are folded.
"""
import glob
import json
import os
import re
import subprocess
import sys

WIDTH = 78


# ---- the .def files

def rows(path, macro):
    """The arguments of each macro call, which may span lines: strings joined and without quotes, words as they are."""
    text = re.sub(r"^/\*.*?\*/", "", open(path).read(), flags=re.S | re.M)
    calls = re.findall(r"^%s\(((?:\"(?:[^\"\\]|\\.)*\"|[^\"()]|\([^()\"]*\))*)\)$" % macro, text, flags=re.M)
    assert calls and len(calls) == len(re.findall(r"^%s\(" % macro, text, flags=re.M)), path + ": a row that cannot be read"
    for call in calls:
        row = []
        for argument in re.findall(r"(?:\"(?:[^\"\\]|\\.)*\"\s*)+|[^,\"]+", call):
            strings = re.findall(r"\"((?:[^\"\\]|\\.)*)\"", argument)
            if strings:
                row.append(re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), "".join(strings)))
            elif argument.strip():
                row.append(argument.strip())
        yield row


def examples(kind, name):
    """The lines of an example of `ckmig explain`."""
    return [line for a, b, text in rows("compiler/driver/example.def", "CK_EXAMPLE") if (a, b) == (kind, name) for line in text.split("\n")]


# ---- roff

def literal(text):
    """Text that means itself."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti").replace('"', "\\(dq")


def text_line(text, width=WIDTH):
    """A line of text: `words` are bold. Folded; short words in bold stay on one line."""
    def bold(m):
        return "\\fB%s\\fR" % literal(m.group(1)).replace(" ", "\\ " if len(m.group(1)) < 30 else " ")
    out, line = [], ""
    for word in re.split(r"(?<!\\) ", re.sub(r"`([^`]+)`", bold, text)):
        if line and len(line) + 1 + len(word) > width:
            out.append(line)
            line = ""
        line = line + " " + word if line else word
    out.append(line)
    return out[:1] + [("\\&" if line[:1] in (".", "'") else "") + line for line in out[1:]]


def sentence(text):
    """Begins with a capital, if it is a word and no symbol, and ends in a full stop."""
    symbol = re.match(r"[b-z] |a \W|(\w+), \1|\w+ - |\w+: ", text)
    return text_line((text if symbol else text[:1].upper() + text[1:]) + ("" if text[-1:] in ".:" else "."))


def fold(line, width=WIDTH - 14, mark="#"):
    """Lines of an example that fit: a comment goes before its line, then statements break before a `|` or `->`."""
    if len(line) <= width:
        return [line]
    code, found, comment = line.partition("  %s " % mark)
    indent = " " * (len(line) - len(line.lstrip()))
    if found and code.strip():
        return fold(indent + mark + " " + comment.strip(), width, mark) + fold(code.rstrip(), width, mark)
    if line.lstrip().startswith(mark):
        at = line.rfind(" ", 0, width)
        return [line[:at]] + fold(indent + mark + " " + line[at + 1:], width, mark)
    outside = [m.start() for m in re.finditer(r" (?:\||->|because) ", line[:width]) if line.count('"', 0, m.start()) % 2 == 0]
    at = max(outside, default=0)
    return [line] if at <= 2 else [line[:at]] + fold("  " + line[at + 1:], width, mark)


def example(lines, indented=True):
    """A block of text as it is."""
    out = [".EX"]
    for line in lines:
        line = literal(line)
        out.append(("\\&" if line[:1] in ".'" else "") + line)
    return ([".RS", ".PP"] if indented else []) + out + [".EE"] + ([".RE"] if indented else [])


def entry(head, *tails):
    """A paragraph under a bold head, each tail a line or several."""
    return [".TP", "\\fB%s\\fR" % literal(head)] + [line for tail in tails if tail for line in sentence(tail)]


# ---- tables

def signature(name, parameters):
    """pad(axis, before=0, ...) from the parameters of a row."""
    if name == "[]":
        return "[start:stop:step, index, ...]"
    parts = []
    for p in parameters.split():
        m = re.match(r"(\*{0,2})(\w+):(\w+)(?:\(([^)]*)\))?(\?)?(?:=(.+))?$", p)
        if not m:
            continue
        stars, word, _, words, optional, default = m.groups()
        if stars:
            parts.append("NAME=value, ..." if stars == "**" else word + "...")
        elif words:
            parts.append("[%s=%s]" % (word, words))
        else:
            parts.append("%s=%s" % (word, default) if default else "[%s=]" % word if optional else word)
    return name + ("(%s)" % ", ".join(parts) if parts else "")


LATER = "Not available in this version"


def operators():
    slots = {"SAME": "the same", "ZEROS": "the same, with zeros for what is filled", "NONE": "no correct image"}
    for _, _, name, arity, on_slots, state, parameters, inverse, doc in rows("vm/op.def", "CK_OP"):
        if arity != "MACHINE" or name == "[]":
            yield from entry(signature(name, parameters), doc, "Slots: %s.%s" % (slots[on_slots], " Inverse: `%s`" % inverse if inverse else ""),
                             LATER if state == "LATER" else "")
            yield from example([part for line in examples("OPERATOR", name) for part in fold(line)])


def fills():
    for _, _, name, state, where, parameters, doc in rows("vm/fill.def", "CK_FILL"):
        yield from entry(signature(name, parameters), doc, "Only in `grow`, `pad` and `remap`" if where == "ROWS" else "", LATER if state == "LATER" else "")


def functions(wanted):
    phases = {"WHERE": "where", "PLAN": "plan", "RUN": "run"}
    for _, _, name, state, phase, _, parameters, doc in rows("vm/function.def", "CK_FUNCTION"):
        if phases[phase] == wanted:
            yield from entry(signature(name, parameters), doc, LATER if state == "LATER" else "")
            yield from example([part for line in examples("WHERE" if wanted == "where" else "CHECK", name) for part in fold(line)])


def later():
    """What the language and the command line have and this version has not."""
    def listed(what, names):
        return text_line("%s: %s." % (what, ", ".join("`%s`" % name for name in names)))
    yield from listed("Operators", [row[2] for row in rows("vm/op.def", "CK_OP") if row[5] == "LATER"])
    yield ".br"
    yield from listed("Fills", [row[2] for row in rows("vm/fill.def", "CK_FILL") if row[3] == "LATER"])
    yield ".br"
    yield from listed("Checks", [row[2] for row in rows("vm/function.def", "CK_FUNCTION") if row[3] == "LATER"])


def dtypes():
    order = ["FLOAT", "INT", "UINT", "BOOL", "COMPLEX", "STRING", "OPAQUE"]
    yield from [".TS", "l l l.", "dtype\tTensorFlow\tbytes", "_"]
    for _, _, name, tensorflow, width, _ in sorted(rows("bundle/dtype.def", "CK_DTYPE"), key=lambda row: (order.index(row[5]), -int(row[4]))):
        if name:
            yield "%s\t%s\t%s" % (name, tensorflow, width if width != "0" else "\\-")
    yield ".TE"


def diagnostics(number):
    """Texts that may hold a message of a code: what ckmig says of its example, then the golden tests."""
    lines = examples("CODE", number)
    if not lines[0].startswith("$ "):
        yield subprocess.run([os.environ.get("CKMIG", "build/ckmig"), "compile", "-"], input="ckmig 1\n" + "\n".join(lines) + "\n", stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, encoding="utf-8").stderr
    for path in sorted(glob.glob("tests/golden/%s-*.diag" % number)) + sorted(glob.glob("tests/golden/*.diag")):
        yield open(path, encoding="utf-8").read()


def messages(number):
    """A message of a code, and its help."""
    for text in diagnostics(number):
        found = re.search(r"^(?:error|warning)\[%s\]: (.*)\n((?: .*\n)*)" % number, text, re.M)
        if found:
            return found.group(1), re.findall(r"^ *= help: (.*)", found.group(2), re.M)
    return None, []


def errors(letters):
    """Codes that begin with these letters."""
    for number, _, summary in rows("bundle/base/code.def", "CK_CODE"):
        if not number.startswith(letters):
            continue
        message, helps = messages(number)
        yield from entry(number, summary)
        yield from example([part for line in examples("CODE", number) for part in fold(line)])
        if message:
            yield from [".RS", ".PP", "says, for example:", ".br"] + [clip(literal(message))] + [part for text in helps for part in (".br", clip("help: " + literal(text)))] + [".RE"]


def clip(text):
    return "\n".join(text_line(text))


def bytecode():
    for wire, name, written, arity, _, state, parameters, _, doc in rows("vm/op.def", "CK_OP"):
        yield from entry("%s %s" % (wire, name), doc, "Arguments: `%s`" % parameters.replace("/ ", "").replace("/", "") if parameters.strip(" /") else "", LATER if state == "LATER" else "")


def numbers(what):
    """Wire numbers of fills or functions."""
    path, macro = {"fills": ("vm/fill.def", "CK_FILL"), "functions": ("vm/function.def", "CK_FUNCTION")}[what]
    yield from text_line(", ".join("%s `%s`" % (row[0], row[2]) for row in rows(path, macro)) + ".")


def enums():
    """The enums of vm/plan.h, by which messages of the plan say what they are."""
    text = re.sub(r"/\*.*?\*/", "", open("vm/plan.h").read(), flags=re.S)
    for name, body in re.findall(r"^enum (ck_\w+) \{(.*?)\};", text, re.M | re.S):
        value, parts = -1, []
        for word in filter(None, (part.strip() for part in body.split(","))):
            word, _, number = (part.strip() for part in word.partition("="))
            value = int(number) if number else value + 1
            parts.append("%d %s" % (value, re.sub(r"^CK_[A-Z]+_", "", word)))
        yield from entry(name, ", ".join(parts))


def proto():
    text = open("vm/plan.proto").read()
    yield from example([part for line in text[text.index("message Plan"):].rstrip().split("\n") for part in fold(line.rstrip(), WIDTH - 7, "//")], False)


def commands():
    """(name, operands, summary, paragraphs, shell lines) of each command that is available."""
    for name, state, _, _, operands, summary, details in rows("compiler/driver/command.def", "CK_COMMAND"):
        if state == "NOW":
            paragraphs = [" ".join(p.split("\n")) for p in re.sub(r"^\$ .*$", "", details, flags=re.M).strip().split("\n\n") if p]
            yield name, operands, summary, paragraphs, re.findall(r"^\$ .*$", details, re.M)


def synopsis():
    for i, (name, operands, _, _, _) in enumerate(commands()):
        yield from [".br"] * (i > 0) + ["\\fBckmig %s\\fR [\\fIOPTION\\fR...] %s" % (name, literal(operands))]


def command_list():
    for name, _, summary, _, _ in commands():
        yield from [".TP", "\\fBckmig\\-%s\\fR(1)" % name] + sentence(summary)


def command(name):
    """The head of a command's own page."""
    for found, operands, summary, paragraphs, _ in commands():
        if found == name:
            yield from [".SH NAME", "ckmig\\-%s \\- %s" % (name, literal(summary)), ".SH SYNOPSIS", "\\fBckmig %s\\fR [\\fIOPTION\\fR...] %s" % (name, literal(operands)), ".SH DESCRIPTION"]
            for i, paragraph in enumerate(paragraphs):
                yield from [".PP"] * (i > 0) + text_line(paragraph)


def shell(name):
    """The examples of a command."""
    for found, _, _, _, lines in commands():
        if found == name:
            yield from example([part for line in lines for part in fold_shell(line)], False)


def fold_shell(line):
    code, hash_sign, comment = line.partition("    # ")
    code, comment = code.rstrip(), comment.strip()
    return ["# " + comment, code] if comment else [code]


def options(taker):
    """The options that a command takes; "*": those that all take."""
    for _, name, letter, argument, takers, text in rows("compiler/driver/options.def", "CK_OPTION"):
        if (takers == "*") != (taker == "*") or (taker != "*" and taker not in takers.split()):
            continue
        words = "|".join(word for word in argument.split("|") if not word.startswith("!"))
        spelled = ", ".join(filter(None, ["-" + letter.strip("'") if letter != "0" else "", "--" + name if name else ""]))
        yield from entry(spelled + (("=" if "|" in words else " ") + words if words else ""), text)


def report(pointer):
    """What a part of the report's JSON Schema says of its fields."""
    schema = json.load(open("man/ckmig-report.schema.json"))
    node = schema
    for step in pointer.split("/") if pointer != "." else []:
        node = node[int(step) if isinstance(node, list) else step]
    for name, field in node["properties"].items():
        described = field.get("description") or schema["$defs"].get(field.get("$ref", "").split("/")[-1], {}).get("description", "")
        yield from entry(name, described)


TABLES = {"synopsis": synopsis, "commands": command_list, "command": command, "shell": shell, "options": options, "operators": operators, "fills": fills,
          "functions": functions, "errors": errors, "later": later, "dtypes": dtypes, "bytecode": bytecode, "numbers": numbers, "enums": enums, "proto": proto, "report": report}


def page(path):
    raw, after = None, ""
    for line in open(path, encoding="utf-8").read().split("\n")[:-1]:
        table = re.match(r'\.\\" TABLE (\w+) ?(.*)', line)
        if raw is not None:
            if line != ".EE":
                raw.append(line)
                continue
            # Set off from the text before it; below a heading, or as the body of a .TP, it is already.
            yield from ([] if after in ("head", "body") else [".PP"]) + ([] if after == "body" else [".RS 4"]) + example(raw, False)
            yield from [] if after == "body" else [".RE"]
            raw = None
        elif line == ".EX":
            raw = []
            continue
        elif table:
            yield from TABLES[table.group(1)](*table.group(2).split())
        elif line.startswith((".", "'")) or after == "tag":
            yield from text_line(line, 1000)
        else:
            yield from text_line(line)
        if line.startswith('.\\"'):
            continue
        after = "body" if after == "tag" else "tag" if line == ".TP" else "head" if line.startswith((".SH", ".SS", ".PP")) else ""


if __name__ == "__main__":
    print("\n".join(page(sys.argv[1])))
