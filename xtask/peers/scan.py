"""Calls a scanner's own command line on many files, and notes what each call came to.

    python scan.py SCANNER LIST OUT [SECONDS]

Runs in the scanner's virtual environment. The program is imported once; each file of LIST (one path a line) is then
given to its command line in a forked process of its own, so that the answer, a crash, the time and the memory belong
to that file alone, and the time that Python takes to import does not count. OUT gets one JSON object a line. SCANNER
may also be the path of weightlock, which is then started for each file.

What a call came to:

    refused     it says that the file is dangerous, whatever its exit code
    warned      it reports something, and lets the file pass
    clean       it says that nothing is wrong
    no-answer   it says that it cannot read the file, does not support it, or broke off
    crashed     an exception that nobody caught, a signal, or no end within SECONDS

fickling reads one pickle; the archives of PyTorch are for its function `scan_zip_archive`, which its own command for
the hub calls, and so does this program.
"""
import importlib, json, os, re, signal, sys, tempfile, time, traceback

CRASHED = 70


def weightlock(program, path):
    os.execv(program, [program, "scan", "--json", path])


def picklescan(path):
    return importlib.import_module("picklescan.cli").main, ["picklescan", "--path", path]


def modelscan(path):
    return importlib.import_module("modelscan.cli").main, ["modelscan", "--path", path]


def modelaudit(path):
    return importlib.import_module("modelaudit.__main__")._run, [
        "modelaudit", "scan", "--no-cache", "--format", "json", path]


def fickling(path):
    with open(path, "rb") as file:
        archive = file.read(4) == b"PK\3\4"
    if archive:
        return lambda: fickling_archive(path), ["fickling", path]
    main = importlib.import_module("fickling.__main__").main
    return main, ["fickling", "--check-safety", "--print-results", "--json-output", os.devnull, path]


def fickling_archive(path):
    results = importlib.import_module("fickling").scan_zip_archive(path, graceful=True, json_output_path=os.devnull)
    for result in results.values():
        for analysis in result.results:
            print(analysis.to_string())
        for error in result.errors:
            print("error:", error)
    if not results:
        print("No pickle files in the archive")
        return 2
    if any(not result.is_safe for result in results.values()):
        return 1
    return 2 if any(result.errors for result in results.values()) else 0


def found(pattern, text, otherwise=""):
    match = re.search(pattern, text)
    return match.group(1) if match else otherwise


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def judge_picklescan(code, text):
    count = lambda what: int(found(what + r": (\d+)", text, "0"))
    why = found(r"(dangerous import .*?) FOUND", text) or found(r"ERROR: (.*)", text)
    if count("Infected files"):
        return "refused", why
    if code == 2:
        return "no-answer", why or last_line(text)
    if count("Suspicious globals"):
        return "warned", "a suspicious global"
    return ("clean", "") if count("Scanned files") else ("no-answer", "no file was scanned")


def judge_modelscan(code, text):
    issues = int(found(r"Total Issues: (\d+)", text, "0"))
    if issues:
        return "refused", found(r"Description: (.*(?:\n(?!  -).*)?)", text)
    if code == 0:
        return "clean", ""
    return "no-answer", "no supported file" if code == 3 else found(r"(?s)--- Errors --- *\n+(.*)", text) or last_line(text)


def judge_fickling(code, text):
    first = text.strip().splitlines()[:1]
    if code == 0:
        return "clean", ""
    return "refused" if code == 1 else "no-answer", first[0] if first else ""


def judge_modelaudit(code, text):
    try:
        report = json.loads(text[text.index("\n{") if not text.startswith("{") else 0:])
    except ValueError:
        return "no-answer", last_line(text)
    rank = ["critical", "warning", "info", "debug"]
    issues = sorted(report.get("issues", []), key=lambda issue: rank.index(issue["severity"]))
    why = issues[0]["message"] if issues else ""
    if issues and issues[0]["severity"] in rank[:2] and code:
        return "refused", why
    if code:
        return "no-answer", why or "could not finish"
    if not report.get("files_scanned"):
        return "no-answer", "no file was scanned"
    return ("warned", why) if issues and issues[0]["severity"] in rank[:2] else ("clean", "")


def judge_weightlock(code, text):
    rank = ["critical", "high", "medium", "low", "info"]
    files = json.loads(text)["result"]["files"]
    findings = sorted((finding for file in files for finding in file["findings"]),
                      key=lambda finding: rank.index(finding["severity"]))
    gaps = [gap["why"] for file in files for gap in file["coverage"]["gaps"]]
    why = f"{findings[0]['rule']}: {findings[0]['reason']}" if findings else ""
    if code == 1:
        return "refused", why
    if code:
        return "no-answer", gaps[0] if gaps else "not opened"
    return ("warned", why) if findings and findings[0]["severity"] == "low" else ("clean", "")


SCANNERS = {one.__name__: one for one in (picklescan, modelscan, fickling, modelaudit)}
PRELOAD = {"picklescan": "picklescan.cli", "modelscan": "modelscan.cli", "fickling": "fickling.cli",
           "modelaudit": "modelaudit.cli"}


def child(scanner, path):
    """Never returns."""
    code = CRASHED
    try:
        if scanner not in SCANNERS:
            weightlock(scanner, path)
        main, sys.argv = SCANNERS[scanner](path)
        code = main() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 255)


def call(scanner, path, seconds):
    """One file: what the call came to, and what it used."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as talked:
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.dup2(said.fileno(), 1)
            os.dup2((said if scanner in SCANNERS else talked).fileno(), 2)
            os.setpgid(0, 0)
            signal.alarm(seconds)
            child(scanner, path)
        _, status, usage = os.wait4(pid, 0)
        wall = time.monotonic() - started
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        verdict, why = "crashed", f"no end within {seconds} s" if code == -signal.SIGALRM else f"signal {-code}"
    elif code == CRASHED:
        verdict, why = "crashed", last_line(text)
    else:
        verdict, why = globals()["judge_" + (scanner if scanner in SCANNERS else "weightlock")](code, text)
    why = " ".join(why.replace(os.path.dirname(path) + "/", "").split())
    return {"verdict": verdict, "why": why[:160], "seconds": wall, "rss_kb": usage.ru_maxrss}


def main(scanner, list_file, out, seconds="120"):
    if scanner in PRELOAD:
        importlib.import_module(PRELOAD[scanner])
    os.chdir(tempfile.mkdtemp())
    with open(list_file) as listed, open(out, "w") as answers:
        for line in listed:
            answers.write(json.dumps(call(scanner, line.rstrip("\n"), int(seconds))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
