#!/usr/bin/env python3
"""Whether the tests notice: puts small faults into the code, one at a time, and runs the tests of its folder.

    git worktree add ../faults
    tests/mutants/mutate.py --tree ../faults --count 40 --seed 1
    tests/mutants/mutate.py --tree ../faults --folders audio optim --count 10 --list

A fault is drawn from RULES at a random line of code. The worktree, which must have no changes, is where it is written,
built and put right again, also after Ctrl-C; its build folder stays for the next run. A line says file:line, the change,
and by which test it was caught, or that it survived: then a test is missing, or nothing can tell the fault from the
code (a faster path that is left out, say). What does not compile is not counted, another one is drawn.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

# The tests (names of ctest) of a folder, the quickest first.
TESTS = {
    "apps/harness": ["harness", "four_genres"],
    "apps/trained": ["trained", "harness"],
    "kernels/cpu": ["kernels", "tensor", "ops", "autograd"],
    "tensor": ["tensor", "ops"],
    "autograd": ["structure", "autograd", "ops"],
    "layers": ["layers", "nets"],
    "optim": ["optim"],
    "audio": ["audio", "tools"],
}
# The programs that a test runs, where they are not test_NAME.
PROGRAMS = {"four_genres": ["four_genres"], "tools": ["features", "spectrogram"]}
TABLES = {"colour_tables.cpp"}  # written by a program

Fault = collections.namedtuple("Fault", "path line begin end text rule")


# ---------------------------------------------------------------- what is code

def blanked(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_text(source):
    """The source with comments, strings, characters and preprocessor lines blanked: every place stays where it is."""
    token = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\''
                       r"|//[^\n]*|/\*.*?\*/|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.S | re.M)
    return token.sub(blanked, source)


def closing(code, opening):
    """Where the bracket that opens at `opening` closes."""
    depth = 0
    for i in range(opening, len(code)):
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0:
            return i
    return len(code) - 1


def without_messages(code, source):
    """Of check(condition, "where", "text", values…) and fail(…) only the condition is left."""
    characters = list(code)
    for match in re.finditer(r"\b(check|fail)\(", code):
        end = closing(code, match.end() - 1)
        text = source.find('"', match.end(), end) if match.group(1) == "check" else match.end()
        for i in range(text if text >= 0 else end, end):
            if characters[i] != "\n":
                characters[i] = " "
    return "".join(characters)


def function_bodies(code):
    """The ranges of what runs, or is a constant: neither declarations nor a class' members."""
    ranges, stack, start = [], [], 0
    for i, c in enumerate(code):
        if c == "{":
            head = code[start:i]
            scope = not any(kind == "body" for kind, _ in stack) and re.search(
                r"\b(namespace|class|struct|enum|union|extern)\b[^()=]*$", head)
            stack.append(("scope" if scope else "body", i))
        elif c == "}" and stack:
            kind, begin = stack.pop()
            if kind == "body" and not any(other == "body" for other, _ in stack):
                ranges.append((begin, i))
        if c in "{};":
            start = i + 1
    for constant in re.finditer(r"^(?:inline |static )*const(?:expr)? [^;{]*=([^;{]*);", code, re.M):
        ranges.append(constant.span(1))
    return ranges


# ---------------------------------------------------------------- faults

def simple(pattern, replacements):
    """Every match of the pattern becomes each of what `replacements` gives for its text."""
    def rule(code):
        for match in re.finditer(pattern, code):
            for text in replacements(match.group()):
                yield match.start(), match.end(), text
    return rule


def exchanged(*pairs):
    other = {}
    for a, b in pairs:
        other.setdefault(a, []).append(b)
        other.setdefault(b, []).append(a)
    return lambda text: other[text]


def off_by_one(text):
    if re.fullmatch(r"\d+", text):
        return [str(int(text) + 1)] + ([str(int(text) - 1)] if int(text) > 0 else [])
    return [f"({text} * 1.5)", f"({text} + 1)"]


def numbers(code):
    for match in re.finditer(r"(?<![\w.])(\d+|\d+\.\d*|\.\d+|\d+e-?\d+)(?![\w.'])", code):
        if not re.search(r"\bchar \w+\[$", code[:match.start()][-40:]):  # a buffer may be larger
            for text in off_by_one(match.group()):
                yield match.start(), match.end(), text


def negated_conditions(code):
    for match in re.finditer(r"\bif (?:constexpr )?\(", code):
        end = closing(code, match.end() - 1)
        yield match.end(), end, "!(" + code[match.end():end] + ")"


SYMMETRIC = re.compile(r"(check|fail|min|max|transpose|pair|tuple)\b")


def swapped_arguments(code):
    argument = r"([^(),;{}\n]+)"
    for match in re.finditer(r"(?<!\bif)(?<!\bfor)(?<!\bwhile)\b[\w>]+\((?:[^(),;{}\n]+, )*?" + argument + ", " +
                             argument + r"(?=[,)])", code):
        if match.group(1) != match.group(2) and not SYMMETRIC.match(match.group()):
            yield match.start(1), match.end(2), match.group(2) + ", " + match.group(1)


def innermost_brackets(code):
    """For each place the bracket it is in."""
    stack, inside = [""], []
    for c in code:
        if c in "([{":
            stack.append(c)
        inside.append(stack[-1])
        if c in ")]}" and len(stack) > 1:
            stack.pop()
    return inside


def statements(code):
    """(begin, end) of each simple statement, its semicolon included."""
    inside = innermost_brackets(code)
    for match in re.finditer(r"[;{})]\s+|\belse ", code):
        begin = match.end()
        if begin == len(code) or inside[begin - 1] == "(":  # the head of a loop
            continue
        if code[match.start()] == ")":  # of an if or a loop, else it is the middle of an expression
            depth, i = 0, match.start()
            while i >= 0:
                depth += (code[i] == ")") - (code[i] == "(")
                if depth == 0:
                    break
                i -= 1
            if not re.search(r"\b(if|if constexpr|for|while) $", code[:i]):
                continue
        depth = 0
        for end in range(begin, len(code)):
            depth += (code[end] in "([{") - (code[end] in ")]}")
            if depth < 0 or code[end] == ";" and depth == 0:
                break
        if depth == 0 and code[end] == ";":
            yield begin, end + 1


LEAVES = re.compile(r"(continue|break|return)\b")
NO_EFFECT = re.compile(r"\{|(if|for|while|switch|do|else|case|default|using|const|constexpr|static|auto|throw|goto|struct)\b"
                       r"|[\w:<>,&* ]+[\w>&*] [&*]*\w+(\s*[=;({\[]|,)")  # a declaration


def dropped_statements(code):
    for begin, end in statements(code):
        if not (LEAVES.match(code, begin) or NO_EFFECT.match(code, begin) or ".reserve(" in code[begin:end]):
            yield begin, end, "{}"


def dropped_exits(code):
    for begin, end in statements(code):
        early = code[:begin].rstrip().endswith((")", "else")) or code.startswith(("continue", "break"), begin)
        if early and LEAVES.match(code, begin):  # else a function would end without its value
            yield begin, end, "{}"


NAMES = exchanged(("begin", "end"), ("first", "last"), ("low", "high"), ("left", "right"), ("rows", "columns"),
                  ("height", "width"), ("train", "valid"), ("valid", "test"), ("before", "after"),
                  ("mean", "deviation"), ("push_back", "emplace"), ("floor", "ceil"), ("sin", "cos"))
RULES = {
    "comparison": simple(r"(?<= )(<=|>=|==|!=|<|>)(?= )", exchanged(
        ("<", "<="), (">", ">="), ("<", ">"), ("<=", ">="), ("==", "!="))),
    "arithmetic": simple(r"(?<= )[-+*/]=?(?= )", exchanged(("+", "-"), ("*", "/"), ("+=", "-="), ("*=", "/="))),
    "minus": simple(r"(?<=[(,] )-(?=\w)|(?<=\()-(?=\w)|(?<=return )-(?=\w)", lambda text: [""]),
    "number": numbers,
    "and, or": simple(r"&&|\|\|", exchanged(("&&", "||"))),
    "condition": negated_conditions,
    "not": simple(r"(?<![\w)\]])!(?=[\w(])", lambda text: [""]),
    "dropped": dropped_statements,
    "exit": dropped_exits,
    "arguments": swapped_arguments,
    "min, max": simple(r"\b(min|max)(?=[<(])", exchanged(("min", "max"))),
    "truth": simple(r"\b(true|false)\b", exchanged(("true", "false"))),
    "name": simple(r"\b(begin|end|first|last|low|high|left|right|rows|columns|height|width|train|valid|test|before|after|"
                   r"floor|ceil|sin|cos)\b", NAMES),
}


def faults_of(root, path):
    """All faults of one file, by line."""
    source = (root / path).read_text(encoding="utf-8")
    code = without_messages(without_text(source), source)
    inside = sorted(function_bodies(code))
    by_line = collections.defaultdict(list)
    for name, rule in RULES.items():
        for begin, end, text in rule(code):
            if any(a <= begin and end <= b for a, b in inside) and source[begin:end] != text:
                if name in ("arguments", "condition"):  # the strings in it
                    text = with_strings(source, code, begin, end, text)
                if text is not None:
                    line = source.count("\n", 0, begin) + 1
                    by_line[line].append(Fault(path, line, begin, end, text, name))
    return by_line


def with_strings(source, code, begin, end, text):
    """The replacement made of code, with the source's strings again; None where that is more than a negation."""
    if source[begin:end] == code[begin:end]:
        return text
    return "!(" + source[begin:end] + ")" if text.startswith("!(") else None


def draw(root, folder, at, generator):
    """Faults of a folder in random order, one a line."""
    lines = []
    for path in sorted((root / folder).rglob("*.cpp")):
        relative = path.relative_to(root)
        if path.name in TABLES or at and not any(str(relative).startswith(place.split(":")[0]) for place in at):
            continue
        for line, faults in faults_of(root, relative).items():
            if not at or any(f"{relative}:{line}" == place or ":" not in place for place in at):
                lines.append(faults)
    generator.shuffle(lines)
    for faults in lines:
        rules = sorted({fault.rule for fault in faults})
        rule = generator.choice(rules)
        yield generator.choice([fault for fault in faults if fault.rule == rule])


def in_turns(folders, count, share):
    """How many faults each folder gets: `share` of all in those of apps, the rest evenly spread."""
    apps = [folder for folder in folders if folder.startswith("apps/")]
    rest = [folder for folder in folders if folder not in apps]
    in_apps = count if not rest else 0 if not apps else round(count * share)
    counts = dict.fromkeys(folders, 0)
    for number, group in ((in_apps, apps), (count - in_apps, rest)):
        for i in range(number if group else 0):
            counts[group[i % len(group)]] += 1
    return counts


def described(root, fault):
    """What stands there and what will, cut to what fits a line."""
    source = (root / fault.path).read_text(encoding="utf-8")
    before, after = source[fault.begin:fault.end], fault.text
    if len(before) < 4:  # an operator says little without its neighbours
        left = source[max(source.rfind("\n", 0, fault.begin) + 1, fault.begin - 14):fault.begin].lstrip()
        right = source[fault.end:fault.end + 14].split("\n")[0]
        before, after = left + before + right, left + after + right
    short = [" ".join(text.split()) for text in (before, after)]
    short = [text if len(text) <= 44 else text[:41] + "…" for text in short]
    return f"{short[0]}  ->  {short[1]}"


# ---------------------------------------------------------------- running

def run(command, limit, **options):
    """(exit code, output); the code is None past the time limit, when all that it started is ended."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               start_new_session=True, text=True, errors="replace", **options)
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


class Tree:
    """A worktree with its build folder."""

    def __init__(self, root, jobs):
        self.root, self.jobs, self.limits = root, jobs, {}

    def configure(self):
        compiler = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if run(["which", "ccache"], 10)[0] == 0 else []
        code, output = run(["cmake", "--preset", "release", "-DMELGRAD_WERROR=OFF", *compiler], 300, cwd=self.root)
        if code != 0:
            sys.exit(output)

    def build(self, test, limit=1800):
        programs = PROGRAMS.get(test, [f"test_{test}"])
        return run(["cmake", "--build", "build", "-j", str(self.jobs), "--target", *programs], limit, cwd=self.root)

    def test(self, test, limit):
        """Nothing, or what failed."""
        environment = dict(os.environ, GTEST_FAIL_FAST="1", OMP_WAIT_POLICY="passive")
        code, output = run(["ctest", "--test-dir", "build", "-R", f"^{test}$", "--output-on-failure"], limit,
                           cwd=self.root, env=environment)
        if code == 0:
            return ""
        failed = re.search(r"\[  FAILED  \] (\w+\S*?)(?:,| \()", output) or re.search(r"FAILED: (.{1,60})", output)
        begun = re.findall(r"\[ RUN      \] (\S+)", output)
        last = failed.group(1) if failed else f"in {begun[-1]}" if begun else ""
        return f"{test} {last}".strip() if code is not None else f"{test}: not done after {limit:.0f} s"

    def try_unchanged(self, tests):
        """Builds all, and measures how long each test takes when nothing is wrong."""
        for test in tests:
            code, output = self.build(test)
            if code != 0:
                sys.exit(output[-4000:])
            start = time.monotonic()
            failed = self.test(test, 1800)
            if failed:
                sys.exit(f"without a fault fails: {failed}")
            self.limits[test] = 30 + 5 * (time.monotonic() - start)
            print(f"  {test} takes {time.monotonic() - start:.0f} s", flush=True)

    def outcome(self, fault, tests):
        """By which test the fault is caught; "" if by none; None if it does not compile."""
        path = self.root / fault.path
        before = path.read_bytes()
        source = before.decode("utf-8")
        try:
            path.write_text(source[:fault.begin] + fault.text + source[fault.end:], encoding="utf-8")
            for test in tests:
                if self.build(test)[0] != 0:
                    return None
                caught = self.test(test, self.limits[test])
                if caught:
                    return caught
            return ""
        finally:
            path.write_bytes(before)


def check_tree(root):
    here = pathlib.Path(__file__).resolve().parents[2]
    if root == here:
        sys.exit("--tree must be a worktree of its own, not the one this file lies in")
    code, changes = run(["git", "status", "--porcelain", "--untracked-files=no"], 60, cwd=root)
    if code != 0 or changes:
        sys.exit(f"{root} is no git worktree, or has changes:\n{changes}")


def print_summary(results):
    print("\nfolder          caught  survived")
    for folder in sorted({folder for folder, _, _ in results}):
        caught = [bool(outcome) for name, _, outcome in results if name == folder]
        print(f"{folder:15} {sum(caught):6} {len(caught) - sum(caught):9}")
    total = sum(bool(outcome) for _, _, outcome in results)
    print(f"{'all':15} {total:6} {len(results) - total:9}")
    for _, text, outcome in results:
        if not outcome:
            print(f"  survived: {text}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tree", required=True, type=pathlib.Path, help="a git worktree for the faults")
    parser.add_argument("--folders", nargs="+", choices=TESTS, default=list(TESTS), help="default: all")
    parser.add_argument("--at", nargs="+", help="only in these files, or at these FILE:LINEs")
    parser.add_argument("--count", type=int, default=20, help="faults that compile (20)")
    parser.add_argument("--share", type=float, default=.5, help="the part of them in apps (.5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of the build")
    parser.add_argument("--list", action="store_true", help="only say which would be drawn, if all of them compile")
    return parser.parse_args()


def main():
    options = arguments()
    root = options.tree.resolve()
    check_tree(root)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that `finally` puts the file right
    folders = [folder for folder in options.folders if (root / folder).is_dir()]
    tree, results = Tree(root, options.jobs), []
    if not options.list:
        tree.configure()
        tree.try_unchanged(dict.fromkeys(test for folder in folders for test in TESTS[folder]))
    try:
        for folder, wanted in in_turns(folders, options.count, options.share).items():
            faults = draw(root, folder, options.at, random.Random(f"{options.seed} {folder}"))
            while wanted > 0 and (fault := next(faults, None)):
                text = f"{fault.path}:{fault.line}  {described(root, fault)}"
                outcome = "" if options.list else tree.outcome(fault, TESTS[folder])
                verdict = ("does not compile" if outcome is None else f"caught by {outcome}" if outcome else "SURVIVED")
                print(text if options.list else f"{text}   {verdict}", flush=True)
                if outcome is not None:
                    wanted -= 1
                    results.append((folder, text, outcome))
    except KeyboardInterrupt:
        print("ended")
    if not options.list:
        print_summary(results)


if __name__ == "__main__":
    main()
