#!/usr/bin/env python3
"""Fills the tables of a man page from the .def files: generate.py man/ckmig.5 > build/man/ckmig.5

A page marks a table by a comment line: .\\" TABLE operators. The tables are the ones below; their rows are the rows of the .def files,
so that no list in a page is kept by hand.
"""
import re
import sys


def rows(path, macro):
    """The arguments of each macro call: strings without quotes, words as they are."""
    text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
    for call in re.findall(macro + r"\((.*)\)$", text, flags=re.M):
        yield [a or b for a, b in re.findall(r'"((?:[^"\\]|\\.)*)"|([^,"\s]+)', call.replace('""', '" "'))]


def roff(text):
    return text.replace('\\"', '"').replace("\\", "\\e").replace("-", "\\-").strip()


def signature(name, parameters):
    """pad(axis, [before=0], ...) from the parameters of a row."""
    if name == "[]":
        return "[start:stop:step, index, ...]"
    parts = []
    for p in parameters.split():
        if p == "/":
            continue
        m = re.match(r"(\*{0,2})(\w+):(\w+)(\([^)]*\))?(\?)?(?:=(.+))?$", p)
        stars, word, optional, default = m.group(1), m.group(2), m.group(5), m.group(6)
        parts.append(stars and "..." or (word + "=" + default if default else "[%s=]" % word if optional else word))
    return name + ("(%s)" % ", ".join(parts) if parts else "")


def entry(head, tail, later):
    return [".TP", "\\fB%s\\fR%s" % (roff(head), " \\(dg" if later else ""), roff(tail if tail[1:2] == " " else tail[:1].upper() + tail[1:]) + "."]


def operators():
    slots = {"SAME": "Slots: the same.", "ZEROS": "Slots: the same, with zeros for what is filled.", "NONE": "Slots: no correct image."}
    for wire, _, name, arity, on_slots, state, parameters, inverse, doc in rows("vm/op.def", "CK_OP"):
        if arity != "MACHINE":
            yield from entry(signature(name, parameters), doc, state == "LATER")
            yield slots[on_slots] + (" Inverse: %s." % roff(inverse) if inverse.strip() else "")


def fills():
    for wire, _, name, state, where, parameters, doc in rows("vm/fill.def", "CK_FILL"):
        yield from entry(signature(name, parameters), doc, state == "LATER")


def functions():
    phases = {"WHERE": "In where.", "PLAN": "In check, decided before the run.", "RUN": "In check, decided after the run."}
    for wire, _, name, state, phase, result, parameters, doc in rows("vm/function.def", "CK_FUNCTION"):
        yield from entry(signature(name, parameters), doc, state == "LATER")
        yield phases[phase]


def errors():
    for number, name, summary in rows("bundle/base/code.def", "CK_CODE"):
        yield from entry(number, summary, False)


def commands():
    """(name, operands, summary, details) of each command that is available; its row spans lines."""
    text = open("compiler/driver/command.def").read()
    for name, state, rest in re.findall(r"^CK_COMMAND\((\w+), (\w+), \w+, \w+, (.*?)\)$(?=\nCK_|\s*\Z)", text, re.M | re.S):
        operands, summary, *details = re.findall(r'"((?:[^"\\]|\\.)*)"', rest)
        if state == "NOW":
            yield name, operands, summary, "".join(details).replace("\\n", "\n").replace('\\"', '"')


def synopsis():
    for name, operands, _, _ in commands():
        yield from [".B ckmig %s" % name, "[\\fIOPTION\\fR...] %s" % roff(operands), ".br"]


def command_pages():
    for name, operands, summary, details in commands():
        yield from [".TP", "\\fBckmig %s\\fR %s" % (name, roff(operands)), roff(summary[:1].upper() + summary[1:]) + "."]
        lines = details.strip("\n").split("\n")
        yield from [roff(line) for line in lines if line and not line.startswith("$ ")]
        yield from [".IP", ".nf"] + [roff(line) for line in lines if line.startswith("$ ")] + [".fi"]


def options():
    for _, name, letter, argument, takers, text in rows("compiler/driver/options.def", "CK_OPTION"):
        words = "|".join(word for word in argument.strip().split("|") if not word.startswith("!"))
        short = "-" + letter.strip("'") if letter != "0" else ""
        spelled = ", ".join(filter(None, [short, "--" + name.strip() if name.strip() else ""]))
        glue = "=" if "|" in words else " "
        yield from [".TP", "\\fB%s\\fR%s" % (roff(spelled), glue + roff(words) if words else "")]
        yield roff(text[:1].upper() + text[1:]) + "." + ("" if takers == "*" else " (%s)" % takers.replace(" ", ", "))


def main():
    tables = {"synopsis": synopsis, "commands": command_pages, "options": options, "operators": operators, "fills": fills, "functions": functions, "errors": errors}
    for line in open(sys.argv[1]):
        print(line, end="")
        found = re.match(r'\.\\" TABLE (\w+)', line)
        if found:
            print("\n".join(tables[found.group(1)]()))


main()
