//! What reading source gives, and that no text can exhaust the stack.

use proptest::prelude::*;

use super::*;

fn source(text: &str) -> Source {
    read(text.as_bytes(), Kind::Module, &Limits::default()).unwrap()
}

/// The names that are called or handed over, with when.
fn calls(text: &str) -> Vec<(String, Reach)> {
    let calls = source(text).calls.into_iter();
    calls.map(|call| (call.name, call.reach)).collect()
}

#[track_caller]
fn reaches(text: &str, name: &str, reach: Reach) {
    let found = calls(text);
    assert!(found.contains(&(name.to_owned(), reach)), "{text}\n{found:?}");
}

#[track_caller]
fn reaches_not(text: &str, name: &str) {
    let found = calls(text);
    assert!(found.iter().all(|(found, _)| found != name), "{text}\n{found:?}");
}

#[test]
fn a_name_is_resolved_whatever_way_leads_to_it() {
    for text in [
        "import os\nos.system('x')",
        "import os as o\no.system('x')",
        "from os import system\nsystem('x')",
        "from os import system as run\nrun('x')",
        "from os import *\nsystem('x')",
        "import os\ns = os.system\ns('x')",
        "import os\na = b = os\nb.system('x')",
        "import os\nfor f in [print, os.system]: f('x')",
        "import os\n(lambda: os.system('x'))()",
        "import os\n[os.system][0]('x')",
        "import os\n{'a': os.system}['a']('x')",
        "import os\n{'a': os.system}.get('a')('x')",
        "import os\ngetattr(os, 'sys' + 'tem')('x')",
        "import os\ngetattr(os, 'metsys'[::-1])('x')",
        "import os\ngetattr(os, ''.join(map(chr, [115, 121, 115, 116, 101, 109])))('x')",
        "import os\ngetattr(os, ''.join(chr(c) for c in [115, 121, 115, 116, 101, 109]))('x')",
        "import os\nos.__dict__['system']('x')",
        "import os\nvars(os)['system']('x')",
        "import os\nos.__getattribute__('system')('x')",
        "__import__('os').system('x')",
        "__import__('o' + 's').system('x')",
        "__builtins__.__import__('os').system('x')",
        "__builtins__['__import__']('os').system('x')",
        "globals()['__builtins__'].__import__('os').system('x')",
        "import importlib\nimportlib.import_module('os').system('x')",
        "from importlib import import_module as m\nm(name='os').system('x')",
        "import sys\nsys.modules['os'].system('x')",
        "import sys\nsys.modules.get('os').system('x')",
        "import torch\ntorch.os.system('x')",
        "import base64\n__import__(base64.b64decode('b3M=').decode()).system('x')",
        "import codecs\n__import__(codecs.decode('bf', 'rot13')).system('x')",
        "import operator, os\noperator.attrgetter('system')(os)('x')",
        "import operator, os\noperator.methodcaller('system', 'x')(os)",
        "import functools, os\nfunctools.partial(os.system, 'x')()",
        "import functools, os\nfunctools.reduce(getattr, ['system'], os)('x')",
        "import pydoc\npydoc.locate('os.system')('x')",
        "eval('__import__')('os').system('x')",
        "def f():\n    import os\n    return os.system\nf()('x')",
        "if (o := __import__('os')): o.system('x')",
        "try:\n    import os\nexcept ImportError:\n    os = None\nos.system('x')",
        "x = 1\nif x:\n    from os import system\nelse:\n    system = None\nsystem('x')",
        "class A:\n    import os\n    os.system('x')",
        "ｏｓ = __import__('os')\nos.ｓystem('x')",
        "def f(x=__import__('os').system('x')): pass",
        "def f(x: __import__('os').system('x')): pass",
        "import os\nassert not os.system('x')",
        "import os\n[os.system(c) for c in ['x']]",
        "import os\nprint(f'{os.system(\"x\")}')",
        "import os\nwith open(os.system('x')): pass",
        "import os\nmatch os.system('x'):\n    case 1: pass",
        "import os\nos.system.__call__('x')",
        "import os\nlist(map(os.system, ['x']))",
        "import os, threading\nthreading.Thread(target=os.system, args=('x',)).start()",
        "import os\nclass A:\n    def __class_getitem__(cls, x): return os.system\nimport os as p\np.system('x')",
        "a, b = __import__('os'), 1\na.system('x')",
        "import os\nx = os.system if 1 else print\nx('x')",
        "import os\nx = None or os.system\nx('x')",
    ] {
        reaches(text, "os.system", Reach::Import);
    }
}

#[test]
fn when_a_call_happens_is_told() {
    let body = "import os\n";
    for (text, reach) in [
        ("def f(): os.system('x')", Reach::Call),
        ("def f(): os.system('x')\nf()", Reach::Import),
        ("def f(): g()\ndef g(): os.system('x')\nf()", Reach::Import),
        (
            "class A:\n    def __init__(self): os.system('x')",
            Reach::Construct,
        ),
        (
            "class A:\n    def __init__(self): os.system('x')\nA()",
            Reach::Import,
        ),
        (
            "class A:\n    def __init__(self): self.g()\n    def g(self): os.system('x')",
            Reach::Construct,
        ),
        ("class A:\n    def forward(self): os.system('x')", Reach::Use),
        ("class A:\n    def helper(self): os.system('x')", Reach::Call),
        (
            "class A:\n    def __init__(self): self.r = os.system\n    def forward(self): self.r('x')",
            Reach::Use,
        ),
        (
            "class A:\n    def __reduce__(self): return (os.system, ('x',))",
            Reach::Construct,
        ),
        (
            "class M(type):\n    def __new__(m, *a): os.system('x')\nclass A(metaclass=M): pass",
            Reach::Import,
        ),
        (
            "class B:\n    def __init_subclass__(c): os.system('x')\nclass A(B): pass",
            Reach::Import,
        ),
        ("def d(f): f()\n@d\ndef g(): os.system('x')", Reach::Import),
        (
            "import atexit\n@atexit.register\ndef g(): os.system('x')",
            Reach::Import,
        ),
        (
            "import threading\ndef g(): os.system('x')\nthreading.Thread(target=g).start()",
            Reach::Import,
        ),
        ("f = lambda: os.system('x')", Reach::Call),
        ("f = lambda: os.system('x')\nf()", Reach::Import),
        ("if __name__ == '__main__':\n    os.system('x')", Reach::Script),
        ("if '__main__' == __name__:\n    os.system('x')", Reach::Script),
        ("if __name__ != '__main__':\n    os.system('x')", Reach::Import),
        (
            "if __name__ == '__main__' or 1:\n    os.system('x')",
            Reach::Import,
        ),
        (
            "if __name__ == '__main__':\n    pass\nelse:\n    os.system('x')",
            Reach::Import,
        ),
        (
            "__name__ = '__main__'\nif __name__ == '__main__':\n    os.system('x')",
            Reach::Import,
        ),
    ] {
        reaches(&format!("{body}{text}"), "os.system", reach);
    }
}

#[test]
fn a_builtin_is_hidden_only_by_a_binding_that_is_sure() {
    for text in [
        "exec('x')",
        "if 0: exec = None\nexec('x')",
        "exec('x')\nexec = None",
        "exec = 1\ndel exec\nexec('x')",
        "[0 for exec in []]\nexec('x')",
        "def f(): exec('x')\nf()\ndef exec(x): pass",
        "class A:\n    exec = None\n    def f(self): exec('x')\nA().f()",
    ] {
        reaches(text, "builtins.exec", Reach::Import);
    }
    for text in [
        "def eval(m): pass\neval('x')",
        "def main(): eval('x')\ndef eval(m): pass",
        "from x import eval\neval('x')",
        "class A:\n    def eval(self): self.eval()",
        "model = x()\nmodel.eval()",
        "def f(eval): eval('x')",
        "import re\nre.compile('x')",
    ] {
        reaches_not(text, "builtins.eval");
        reaches_not(text, "builtins.compile");
    }
}

#[test]
fn where_a_value_comes_from_is_told() {
    for (text, name, origin) in [
        (
            "import requests\nexec(requests.get('http://x').text)",
            "builtins.exec",
            Origin::NETWORK,
        ),
        (
            "from urllib.request import urlopen\nwith urlopen('x') as r:\n    exec(r.read())",
            "builtins.exec",
            Origin::NETWORK,
        ),
        (
            "import base64\nexec(base64.b64decode('eA=='))",
            "builtins.exec",
            Origin::DECODED,
        ),
        (
            "import zlib, base64\nexec(zlib.decompress(base64.b64decode('eA==')))",
            "builtins.exec",
            Origin::DECODED,
        ),
        ("exec(open('x').read())", "builtins.exec", Origin::FILE),
        (
            "import os, requests\nrequests.post('x', data=dict(os.environ))",
            "requests.post",
            Origin::ENVIRONMENT,
        ),
    ] {
        let source = source(text);
        let call = source.calls.iter().find(|call| call.name == name).unwrap();
        assert!(call.arguments_origin().has(origin), "{text}: {call:?}");
    }
    let source = source("import os, requests\nrequests.get('x', headers={'a': os.environ['KEY']})");
    let call = source
        .calls
        .iter()
        .find(|call| call.name == "requests.get")
        .unwrap();
    assert!(!call.arguments_origin().has(Origin::ENVIRONMENT));
}

#[test]
fn a_break_of_the_grammar_is_told_and_hides_nothing_before_it() {
    let source = source("import os\nos.system('x')\nprint 'python 2'\ndef (:\n");
    assert!(source.broken.is_some());
    assert!(source.calls.iter().any(|call| call.name == "os.system"));
}

#[test]
fn notebook_commands_are_kept() {
    let text = "!pip install x\n%run y.py\nfiles = !ls\n";
    let source = read(text.as_bytes(), Kind::Cell, &Limits::default()).unwrap();
    let commands: Vec<_> = source
        .commands
        .iter()
        .map(|it| (it.shell, it.text.as_str()))
        .collect();
    assert_eq!(
        commands,
        [(true, "pip install x"), (false, "run y.py"), (true, "ls")]
    );
}

/// Texts that nest `count` levels in every way the grammar has.
fn deep(count: usize) -> Vec<String> {
    let around = |open: &str, inner: &str, close: &str| {
        [open.repeat(count), inner.to_owned(), close.repeat(count)].concat()
    };
    let mut texts = vec![
        around("(", "1", ")"),
        around("[", "1", "]"),
        around("{", "1", "}"),
        around("{1:", "1", "}"),
        around("f(", "1", ")"),
        around("a[", "1", "]"),
        around("(", "", ""),
        around("f(a, ", "1", ")"),
        around("(a, ", "1", ")"),
        around("(lambda: ", "1", ")"),
        around("[x for x in ", "y", "]"),
        around("-", "1", ""),
        around("~", "1", ""),
        around("not ", "1", ""),
        around("await ", "x", ""),
        around("lambda: ", "1", ""),
        around("lambda a, b: ", "1", ""),
        around("lambda a=", "1", ": 1"),
        around("lambda a, b=", "1", ": 1"),
        around("lambda *, a: ", "1", ""),
        around("1 if x else ", "1", ""),
        around("1 if ", "1", " else 1"),
        around("2 ** ", "1", ""),
        around("1 + ", "1", ""),
        around("a.b.", "c", ""),
        around("a", "", "()"),
        around("a", "", "[0]"),
        around("a", "", "(1)[2].c"),
        around("a < ", "b", ""),
        around("a and b or ", "b", ""),
        around("a or not ", "b", ""),
        around("*", "a", ""),
        around("x = ", "a", ""),
        around("x := ", "a", ""),
        around("yield ", "a", ""),
        around("'a' ", "'b'", ""),
        around("f'{", "1", "}'"),
        around("f'{1:{", "1", "}}'"),
        around("f'' ", "''", ""),
        around("@a\n", "def f(): pass", ""),
        around("if x: ", "pass", ""),
        around("else: ", "pass", ""),
        around("return ", "1", ""),
        around("del (", "x", ")"),
        around("a, ", "b", ""),
        format!("match x:\n case {}", around("(", "y", ")")),
        format!("match x:\n case {}: pass", around("[", "y", "]")),
        format!("match x:\n case {}: pass", around("A(", "y", ")")),
        format!("match x:\n case {}: pass", around("y | ", "y", "")),
        format!("match x:\n case {}: pass", around("-", "1", "")),
        format!("if x: pass\n{}", "elif x: pass\n".repeat(count)),
        format!("try: pass\n{}", "except x: pass\n".repeat(count)),
        format!("def f[{}](): pass", around("T: (", "x", ")")),
        format!("type x = {}", around("(", "y", ")")),
        format!("{}]", "( ] ".repeat(count)),
        "f( ] ".repeat(count),
        "f(a, ] ".repeat(count),
        "[(} ".repeat(count),
        "lambda (".repeat(count),
        "f'{a!r:".repeat(count),
        "f\"{x['".repeat(count),
        "import a.b, ".repeat(count),
        "with (a as b, ".repeat(count),
        "class A(".repeat(count),
        "async for x in ".repeat(count),
    ];
    let blocks = |head: &str, count: usize| -> String {
        (0..count)
            .map(|depth| format!("{}{head}:\n", " ".repeat(depth)))
            .collect()
    };
    texts.extend(
        [
            "if x",
            "def f()",
            "class A",
            "try",
            "with x",
            "for x in y",
            "match x",
            "else",
        ]
        .map(|head| blocks(head, count.min(1400))),
    );
    texts
}

#[test]
fn no_text_exhausts_the_stack() {
    let refused = |text: &str| {
        let result = read(text.as_bytes(), Kind::Module, &Limits::default());
        match result {
            Ok(source) => source.broken.is_some(),
            Err(Error::Refused(problem)) => problem.code() == reason::LIMIT,
            Err(error) => panic!("{error}"),
        }
    };
    for text in deep(100_000) {
        let text: String = text.chars().take(1 << 20).collect();
        // Whatever is said of it, the process is still there to say it.
        refused(&text);
    }
    for text in [
        "(".repeat(100_000),
        "not ".repeat(100_000),
        "-".repeat(1 << 20),
        "a.".repeat(500_000),
    ] {
        assert!(refused(&text));
    }
}

#[test]
fn what_is_just_granted_fits_the_stack() {
    for count in [100, 190, 400, 700, 1000, 2000] {
        for text in deep(count) {
            let _ = read(text.as_bytes(), Kind::Module, &Limits::default());
        }
    }
}

#[test]
fn no_text_costs_more_than_its_size() {
    // Each of these doubles work with each line or level when values are copied, compared or evaluated twice.
    let lines = |head: &str, line: &dyn Fn(usize) -> String| -> String {
        let body: String = (0..20_000).map(line).collect();
        format!("{head}\n{body}")
    };
    let many = "1, ".repeat(5000);
    for text in [
        lines("x = 'a'", &|_| "x = x + x\n".into()),
        lines("x0 = []", &|at| format!("x{} = [x{at}, x{at}]\n", at + 1)),
        lines("x0 = []\ny0 = {}", &|at| {
            format!("x{0} = [x{at}]\ny{0} = [y{at}]\nx{0} = y{0}\n", at + 1)
        }),
        lines(&format!("y = [{many}]\nz = [{many}2]"), &|_| {
            "x = y\nx = z\nf(y)\n".into()
        }),
        lines(&format!("y = {{{}}}", "1: 2, ".repeat(5000)), &|_| {
            "f(**y)\n".into()
        }),
        lines("class A: pass", &|at| format!("A.x{at} = A\nA = A()\n")),
        format!("{}1{}", "a[".repeat(190), ":]".repeat(190)),
        format!("{}1{}", "[f(x) for x in ".repeat(180), "]".repeat(180)),
        format!("{}1{}", "lambda a=".repeat(200), ": 1".repeat(200)),
        format!("{}1{}", "a(**".repeat(190), ")".repeat(190)),
        format!("{}1{}", "a.b(".repeat(190), ").c".repeat(190)),
    ] {
        let started = std::time::Instant::now();
        let _ = read(text.as_bytes(), Kind::Module, &Limits::default());
        // A generous bound: doubling would take longer than anybody waits.
        assert!(
            started.elapsed().as_secs() < 20,
            "{text:.60}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn text_over_the_size_is_refused() {
    let text = "#".repeat((1 << 20) + 1);
    assert!(matches!(
        read(text.as_bytes(), Kind::Module, &Limits::default()),
        Err(Error::Refused(_))
    ));
    assert!(read(&text.as_bytes()[1..], Kind::Module, &Limits::default()).is_ok());
}

/// Python-like noise.
fn noise() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "import os",
        "os.system",
        "eval",
        "lambda x:",
        "f'{",
        "}'",
        "'",
        "\"",
        "\n",
        "\n    ",
        "\n  ",
        "def f():",
        "class A(",
        "if ",
        " else ",
        "for x in ",
        "=",
        ":=",
        ",",
        ":",
        ".",
        "x",
        "1",
        "-",
        "not ",
        "**",
        "@",
        "*",
        "yield ",
        "await ",
        "async ",
        "match x:",
        "case ",
        "try:",
        "except ",
        "with ",
        "as ",
        "from ",
        "import ",
        "global ",
        "del ",
        "return ",
        "\\\n",
        "#",
        "!r",
        "\"\"\"",
        "b'",
        "\u{ff0f}",
        "\u{1d41a}",
        "\0",
        ";",
        "->",
        "~",
        "type ",
        "\t",
        "'a'.join(",
        "[::-1]",
        "'%s' %",
        "x = x + x\n",
        "chr(",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, Kind::Module, &Limits::default());
    }

    #[test]
    fn never_panics_on_noise(text in noise(), cell in any::<bool>()) {
        let kind = if cell { Kind::Cell } else { Kind::Program };
        let result = read(text.as_bytes(), kind, &Limits::default());
        prop_assert!(!matches!(result, Err(Error::Refused(Problem::Malformed { fault: crate::Fault::Python(Fault::Parser), .. }))), "{text:?}");
    }

    #[test]
    fn never_panics_on_broken_source(at in 0..SAMPLE.len(), len in 0..20_usize, with in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut text = SAMPLE.as_bytes().to_vec();
        let end = (at + len).min(text.len());
        text.splice(at..end, with);
        let _ = read(&text, Kind::Module, &Limits::default());
        let _ = read(&text, Kind::Cell, &Limits::default());
    }
}

/// A little of everything.
const SAMPLE: &str = r#"# coding: utf-8
from __future__ import annotations
import os, sys as s
from .a import (b as c, d)
@dec(1)
class A(B, metaclass=M):
    x: int = 3
    async def f[T](self, /, a, *args, k=lambda y: y + 1, **kw) -> "T":
        """doc"""
        async with a as (b, c), d: await self.g(*args, **kw)
        for i, (j, *k) in enumerate(x[1:2, ::-1]):
            if i and not j or k: continue
            elif i == 1 < 2: break
            else: yield i
        try: del a.b[0], c
        except* (E, F) as e: raise X from e
        finally: return {**a, 'k': [n for m in o if m for n in m]}
match x:
    case {"a": [1, *_], **r} | A(b=-1) if r: global q
    case _: assert (y := f"{x!r:>{w}} {{}}"), b"\x00" r"\d" 'z'
!ls
%run x.py
"#;
