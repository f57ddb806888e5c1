//! Names of functions by what they do in *source*, where a call of an unknown library is ordinary.
//!
//! These lists hold exact dotted names. What they lack is asked of [`crate::imports`], here for starting programs and
//! running code alone: most of what a pickle must not name, source may. See [`super::policy`] for the rest.

use std::borrow::Cow;

use crate::{
    imports::{Capability, look_up},
    observation::python::What,
};

/// Start a program.
const PROCESS: &[&str] = &[
    "os.system",
    "os.popen",
    "os.popen2",
    "os.popen3",
    "os.popen4",
    "os.execl",
    "os.execle",
    "os.execlp",
    "os.execlpe",
    "os.execv",
    "os.execve",
    "os.execvp",
    "os.execvpe",
    "os.spawnl",
    "os.spawnle",
    "os.spawnlp",
    "os.spawnlpe",
    "os.spawnv",
    "os.spawnve",
    "os.spawnvp",
    "os.spawnvpe",
    "os.posix_spawn",
    "os.posix_spawnp",
    "os.startfile",
    "posix.system",
    "posix.popen",
    "posix.execv",
    "posix.execve",
    "posix.posix_spawn",
    "posix.posix_spawnp",
    "nt.system",
    "nt.startfile",
    "nt.execv",
    "nt.spawnv",
    "subprocess.run",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.Popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "pty.spawn",
    "commands.getoutput",
    "commands.getstatusoutput",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "asyncio.subprocess.create_subprocess_exec",
    "asyncio.subprocess.create_subprocess_shell",
    "platform.popen",
    "popen2.popen2",
    "popen2.popen3",
    "pexpect.spawn",
    "pexpect.run",
    "pexpect.popen_spawn.PopenSpawn",
    "invoke.run",
    "sh.bash",
    "sh.sh",
    "sh.Command",
    "plumbum.local",
    "distutils.spawn.spawn",
    "setuptools._distutils.spawn.spawn",
    "numpy.distutils.exec_command.exec_command",
    "IPython.utils.process.system",
    "IPython.utils.process.getoutput",
    "IPython.utils.process.getoutputerror",
    "_posixsubprocess.fork_exec",
    "_winapi.CreateProcess",
    "pip.main",
    "pip._internal.main",
    "pip._internal.cli.main.main",
    "builtins.get_ipython.system",
    "builtins.get_ipython.getoutput",
    "builtins.get_ipython.run_cell_magic",
    "IPython.get_ipython.system",
    "paramiko.SSHClient.exec_command",
    "fabric.Connection.run",
    "fabric.Connection.local",
    "webbrowser.get",
    "psutil.Popen",
    "anyio.run_process",
    "trio.run_process",
    "win32api.ShellExecute",
    "win32com.client.Dispatch",
    "os._spawnvef",
    "multiprocessing.util.spawnv_passfds",
    "torch.distributed.run.main",
    "torch.distributed.run.run",
    "torch.distributed.launch.main",
    "torch.distributed.launch.launch",
    "torch.distributed.launcher.api.elastic_launch",
    "torch.distributed.launcher.elastic_launch",
    "torch.utils.collect_env.run",
    "torch.utils.collect_env.run_and_read_all",
    "torch.utils.collect_env.run_and_parse_first_match",
    "torch.utils.collect_env.run_and_return_first_line",
    "webbrowser.GenericBrowser",
    "webbrowser.BackgroundBrowser",
    "webbrowser.UnixBrowser",
    "webbrowser.register",
];

/// Run source or byte code that they are given.
const EXECUTE: &[&str] = &[
    "builtins.exec",
    "builtins.eval",
    "builtins.execfile",
    "code.interact",
    "code.InteractiveInterpreter.runsource",
    "code.InteractiveInterpreter.runcode",
    "code.InteractiveConsole.push",
    "code.InteractiveConsole.runsource",
    "code.InteractiveConsole.interact",
    "marshal.loads",
    "marshal.load",
    "types.FunctionType",
    "types.CodeType",
    "types.LambdaType",
    "typing.ForwardRef._evaluate",
    "timeit.timeit",
    "timeit.repeat",
    "cProfile.run",
    "cProfile.runctx",
    "profile.run",
    "profile.runctx",
    "pdb.run",
    "pdb.runeval",
    "bdb.Bdb.run",
    "trace.Trace.run",
    "doctest.testsource",
    "_xxsubinterpreters.run_string",
    "_interpreters.exec",
    "IPython.get_ipython.run_cell",
    "builtins.get_ipython.run_cell",
    "builtins.get_ipython.ex",
    "js2py.eval_js",
    "execjs.eval",
    "torch.fx.graph_module._exec_with_source",
    "torch.fx.graph_module._forward_from_src",
    "torch.fx.graph_module._method_from_src",
    "numpy.f2py.crackfortran.myeval",
    "numpy.f2py.crackfortran._eval_scalar",
];

/// Evaluate an expression that they are given as text, in which names of Python can be reached.
const EXPRESSION: &[&str] = &[
    "sympy.sympify",
    "sympy.S",
    "sympy.parse_expr",
    "sympy.core.sympify.sympify",
    "sympy.parsing.sympy_parser.parse_expr",
    "sympy.parsing.sympy_parser.eval_expr",
    "pandas.eval",
    "pandas.core.computation.eval.eval",
    "numexpr.evaluate",
    "numpy.f2py.crackfortran.param_eval",
    "numpy.f2py.crackfortran.getlincoef",
    "asteval.Interpreter.eval",
];

/// Run another source file.
const SOURCE: &[&str] = &[
    "runpy.run_path",
    "runpy.run_module",
    "imp.load_source",
    "imp.load_module",
    "imp.load_compiled",
    "zipimport.zipimporter",
    "zipimport.zipimporter.load_module",
    "importlib.machinery.SourceFileLoader",
    "importlib.machinery.SourcelessFileLoader",
    "importlib.util.spec_from_file_location",
    "logging.config.fileConfig",
];

/// Load native code.
const NATIVE: &[&str] = &[
    "ctypes.CDLL",
    "ctypes.PyDLL",
    "ctypes.WinDLL",
    "ctypes.OleDLL",
    "ctypes.cdll.LoadLibrary",
    "ctypes.windll.LoadLibrary",
    "ctypes.pydll.LoadLibrary",
    "ctypes.CDLL.LoadLibrary",
    "cffi.FFI.dlopen",
    "_ctypes.dlopen",
    "torch.ops.load_library",
    "torch.classes.load_library",
    "tensorflow.load_op_library",
    "tensorflow.load_library",
    "tensorflow.experimental.register_filesystem_plugin",
    "numpy.ctypeslib.load_library",
    "imp.load_dynamic",
    "importlib.machinery.ExtensionFileLoader",
    "ctypes.memmove",
    "ctypes.CFUNCTYPE.from_address",
    "onnxruntime.SessionOptions.register_custom_ops_library",
    "mxnet.library.load",
    "jpype.startJVM",
];

/// Compile native code and load it.
const NATIVE_SOURCE: &[&str] = &[
    "torch.utils.cpp_extension.load",
    "torch.utils.cpp_extension.load_inline",
    "cffi.FFI.verify",
    "cffi.FFI.compile",
    "numpy.f2py.compile",
    "scipy.weave.inline",
    "pyximport.install",
    "cppyy.cppdef",
];

/// Read a format that can run code.
const DESERIALIZE: &[&str] = &[
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "_pickle.load",
    "_pickle.loads",
    "cPickle.load",
    "cPickle.loads",
    "dill.load",
    "dill.loads",
    "cloudpickle.load",
    "cloudpickle.loads",
    "joblib.load",
    "torch.load",
    "pandas.read_pickle",
    "shelve.open",
    "jsonpickle.decode",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "yaml.load_all",
    "numpy.load",
    "keras.models.load_model",
    "tensorflow.keras.models.load_model",
    "keras.config.enable_unsafe_deserialization",
    "keras.saving.load_model",
    "skops.io.load",
    "sklearn.externals.joblib.load",
    "compress_pickle.load",
    "pickle5.loads",
    "multiprocessing.reduction.ForkingPickler.loads",
    "multiprocessing.connection.Connection.recv",
    "yaml.unsafe_load_all",
    "yaml.full_load_all",
    "yaml.Loader",
    "yaml.FullLoader",
    "yaml.UnsafeLoader",
    "yaml.CLoader",
    "yaml.CFullLoader",
    "yaml.CUnsafeLoader",
    "yaml.loader.Loader",
    "yaml.loader.FullLoader",
    "yaml.loader.UnsafeLoader",
    "yaml.cyaml.CLoader",
    "yaml.cyaml.CFullLoader",
    "yaml.cyaml.CUnsafeLoader",
];

/// Open a connection.
const NETWORK: &[&str] = &[
    "socket.socket.connect",
    "socket.socket.connect_ex",
    "socket.socket.bind",
    "socket.socket.listen",
    "socket.create_connection",
    "socket.create_server",
    "requests.get",
    "requests.post",
    "requests.put",
    "requests.patch",
    "requests.delete",
    "requests.request",
    "requests.Session.get",
    "requests.Session.post",
    "requests.session.get",
    "requests.session.post",
    "urllib.request.urlopen",
    "urllib.request.urlretrieve",
    "urllib.urlopen",
    "urllib.urlretrieve",
    "urllib2.urlopen",
    "urllib3.PoolManager.request",
    "httpx.get",
    "httpx.post",
    "httpx.stream",
    "httpx.Client.get",
    "httpx.Client.post",
    "http.client.HTTPConnection.request",
    "http.client.HTTPSConnection.request",
    "ftplib.FTP",
    "smtplib.SMTP",
    "smtplib.SMTP_SSL",
    "telnetlib.Telnet",
    "paramiko.SSHClient.connect",
    "websocket.create_connection",
    "wget.download",
    "xmlrpc.client.ServerProxy",
    "aiohttp.ClientSession.get",
    "aiohttp.ClientSession.post",
    "torch.hub.download_url_to_file",
    "gdown.download",
    "webbrowser.open",
    "socket.gethostbyname",
    "socket.gethostbyname_ex",
    "socket.getaddrinfo",
    "asyncio.open_connection",
    "socketserver.TCPServer",
    "http.server.HTTPServer",
    "imaplib.IMAP4",
    "imaplib.IMAP4_SSL",
    "poplib.POP3",
    "poplib.POP3_SSL",
    "nntplib.NNTP",
    "ftplib.FTP_TLS",
    "multiprocessing.connection.Client",
    "multiprocessing.connection.Listener",
    "multiprocessing.managers.BaseManager.connect",
    "torch.distributed.init_process_group",
    "torch.distributed.distributed_c10d.init_process_group",
    "torch.distributed.rpc.init_rpc",
    "torch.distributed.TCPStore",
    "torch.hub.load_state_dict_from_url",
    "logging.handlers.SocketHandler.emit",
    "logging.config.listen",
];

/// Open a connection when they are imported.
const NETWORK_MODULES: &[&str] = &["antigravity"];

/// Classes, and functions that give an object of one, whose methods of [`CONNECTING`] open a connection or send.
const CONNECTORS: &[&str] = &[
    "socket.socket",
    "ssl.wrap_socket",
    "ssl.SSLSocket",
    "ssl.SSLContext.wrap_socket",
    "ssl.create_default_context.wrap_socket",
    "ssl._create_unverified_context.wrap_socket",
    "requests.Session",
    "requests.session",
    "requests.sessions.Session",
    "requests.adapters.HTTPAdapter",
    "urllib.request.build_opener",
    "urllib.request.OpenerDirector",
    "urllib.request.URLopener",
    "urllib.request.FancyURLopener",
    "urllib3.PoolManager",
    "urllib3.ProxyManager",
    "urllib3.HTTPConnectionPool",
    "urllib3.HTTPSConnectionPool",
    "urllib3.connectionpool.HTTPConnectionPool",
    "urllib3.connectionpool.HTTPSConnectionPool",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "httpx.Client",
    "httpx.AsyncClient",
    "aiohttp.ClientSession",
    "websocket.WebSocket",
    "websockets.connect",
    "paramiko.SSHClient",
    "paramiko.Transport",
    "asyncssh.connect",
    "asyncio.get_event_loop",
    "asyncio.get_running_loop",
    "asyncio.new_event_loop",
    "asyncio.BaseEventLoop",
    "asyncio.AbstractEventLoop",
];

/// See [`CONNECTORS`].
const CONNECTING: &[&str] = &[
    "connect",
    "connect_ex",
    "bind",
    "listen",
    "send",
    "sendall",
    "sendto",
    "sendmsg",
    "sendfile",
    "get",
    "head",
    "options",
    "post",
    "put",
    "patch",
    "delete",
    "request",
    "urlopen",
    "open",
    "retrieve",
    "stream",
    "build_request",
    "ws_connect",
    "create_connection",
    "create_server",
    "create_datagram_endpoint",
    "create_unix_connection",
    "sock_connect",
];

/// Roots of modules whose functions are about connections.
const NETWORK_ROOTS: &[&str] = &[
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "imaplib",
    "multiprocessing",
    "nntplib",
    "poplib",
    "requests",
    "smtplib",
    "socket",
    "ssl",
    "telnetlib",
    "urllib",
    "urllib3",
    "xmlrpc",
];

/// Change how the interpreter imports, traces or loads.
const INTERPRETER: &[&str] = &[
    "sys.settrace",
    "sys.setprofile",
    "sys.addaudithook",
    "sys.meta_path.append",
    "sys.meta_path.insert",
    "sys.path_hooks.append",
    "sys.path_hooks.insert",
    "site.addsitedir",
    "importlib.abc.MetaPathFinder.find_spec",
    "threading.settrace",
    "gc.get_objects",
    "sys._getframe.f_globals",
    "builtins.__build_class__",
];

/// Names that a pickle must not call and source calls every day, or that only wrap what their caller gives them.
const EVERYDAY: &[&str] = &[
    "builtins.compile",
    "typing.get_type_hints",
    "typing.ForwardRef",
    "collections.namedtuple",
    "typing.NamedTuple",
    "dataclasses.make_dataclass",
    "dataclasses.dataclass",
    "torch.compile",
    "torch.jit.script",
    "torch.jit.trace",
    "torch.jit.load",
    "torch.jit.interface",
    "inspect.signature",
    "inspect.get_annotations",
    "os.fork",
    "os.kill",
    "unittest.main",
    "builtins.breakpoint",
    "builtins.input",
    "builtins.help",
    "multiprocessing.Process",
    "platform.platform",
    "platform.machine",
    "platform.system",
    "platform.processor",
    "platform.uname",
    "platform.architecture",
    "platform.version",
    "platform.node",
    "platform.release",
    "timeit.default_timer",
    "uuid.getnode",
    "uuid.uuid1",
];

/// Modules of the standard library with functions that run what they are given. What starts programs or runs code in
/// other libraries is, in source, their ordinary use.
const RUNNING: &[&str] = &[
    "asyncio",
    "bdb",
    "cProfile",
    "cgi",
    "code",
    "codeop",
    "commands",
    "distutils",
    "doctest",
    "ensurepip",
    "idlelib",
    "imp",
    "lib2to3",
    "mailcap",
    "marshal",
    "pdb",
    "pkgutil",
    "platform",
    "popen2",
    "profile",
    "pty",
    "py_compile",
    "pydoc",
    "runpy",
    "test",
    "timeit",
    "trace",
    "types",
    "venv",
    "zipapp",
    "zipimport",
    "builtins",
    "__builtin__",
    "_pyrepl",
    "_osx_support",
    "_aix_support",
];

/// Modules whose members must be known by name.
const MODULES: &[&str] = &[
    "os",
    "posix",
    "nt",
    "subprocess",
    "builtins",
    "ctypes",
    "pty",
    "importlib",
    "sys.modules",
    "shutil",
];

/// What calling `name` does.
pub(super) fn of(name: &str) -> Option<What> {
    of_public(&public(name))
}

/// What importing the module `name` does.
pub(super) fn of_module(name: &str) -> Option<What> {
    NETWORK_MODULES.contains(&name).then_some(What::Network)
}

/// Whether calling `name` evaluates an expression.
pub(super) fn evaluates(name: &str) -> bool {
    let frame = name.starts_with("pandas.") && (name.ends_with(".query") || name.ends_with(".eval"));
    frame || EXPRESSION.contains(&name)
}

/// Whether every source may call `name`.
pub(super) fn is_everyday(name: &str) -> bool {
    EVERYDAY.contains(&name)
}

/// Whether `name` is of a module about connections.
pub(super) fn is_of_network(name: &str) -> bool {
    NETWORK_ROOTS.contains(&name.split('.').next().unwrap_or_default())
}

/// The module and the name for which the import policy is asked.
pub(super) fn ask(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('.')
        .filter(|(module, function)| !module.is_empty() && !module.starts_with('.') && !function.is_empty())
}

/// Modules by another name, mostly of their half in C.
const ALIASES: &[(&str, &str)] = &[
    ("_frozen_importlib", "importlib.machinery"),
    ("_frozen_importlib_external", "importlib.machinery"),
    ("_io", "io"),
    ("_pickle", "pickle"),
    ("_pyio", "io"),
    ("_socket", "socket"),
    ("_sqlite3", "sqlite3"),
    ("cPickle", "pickle"),
    ("importlib._bootstrap", "importlib.machinery"),
    ("importlib._bootstrap_external", "importlib.machinery"),
    ("nt", "os"),
    ("posix", "os"),
];

/// Modules whose private members do what the public ones of the same name do.
const PRIVATE_TOO: &[&str] = &[
    "importlib",
    "io",
    "multiprocessing",
    "os",
    "pickle",
    "shutil",
    "socket",
    "subprocess",
];

/// The name under which the lists know what may be called by a private name.
pub(super) fn public(name: &str) -> Cow<'_, str> {
    let aliased = ALIASES.iter().find_map(|(module, known)| {
        let rest = name.strip_prefix(module)?.strip_prefix('.')?;
        Some(format!("{known}.{rest}"))
    });
    let whole = aliased.as_deref().unwrap_or(name);
    let root = whole.split('.').next().unwrap_or_default();
    if !PRIVATE_TOO.contains(&root) || is_listed(whole) || !whole.contains("._") {
        return aliased.map_or(Cow::Borrowed(name), Cow::Owned);
    }
    let open = |part: &str| match part.strip_prefix('_') {
        Some(open) if !open.starts_with('_') => open.to_owned(),
        _ => part.to_owned(),
    };
    Cow::Owned(whole.split('.').map(open).collect::<Vec<_>>().join("."))
}

fn is_listed(name: &str) -> bool {
    LISTS.iter().any(|(list, _)| list.contains(&name))
}

/// The lists, and what their names do.
const LISTS: &[(&[&str], What)] = &[
    (PROCESS, What::Process),
    (EXECUTE, What::Execute),
    (SOURCE, What::Source),
    (NATIVE, What::Native),
    (NATIVE_SOURCE, What::NativeSource),
    (DESERIALIZE, What::Deserialize),
    (NETWORK, What::Network),
    (INTERPRETER, What::Interpreter),
];

fn of_public(name: &str) -> Option<What> {
    let listed = LISTS
        .iter()
        .find(|(list, _)| list.contains(&name))
        .map(|(_, what)| *what);
    listed
        .or_else(|| super::files::of_name(name))
        .or_else(|| member_of_library(name))
        .or_else(|| method(name))
        .or_else(|| elsewhere(name))
}

/// Methods of objects that a constructor, or what stands for one, gave.
fn method(name: &str) -> Option<What> {
    let (object, method) = name.rsplit_once('.')?;
    if name.starts_with("asyncio.") && matches!(method, "subprocess_shell" | "subprocess_exec") {
        return Some(What::Process);
    }
    // Of what C gives Python: to run text, to evaluate, to call, to import.
    if object == "ctypes.pythonapi" {
        const RUNS: &[&str] = &[
            "PyRun_",
            "PyEval_Eval",
            "PyEval_Call",
            "Py_Compile",
            "PyObject_Call",
            "PyImport_",
            "PyMarshal_Read",
            "Py_Main",
            "Py_BytesMain",
        ];
        return RUNS
            .iter()
            .any(|begin| method.starts_with(begin))
            .then_some(What::Execute);
    }
    if object == "pickle.Unpickler" {
        return Some(What::Deserialize);
    }
    let sends = CONNECTORS.contains(&object) && CONNECTING.contains(&method);
    sends.then_some(What::Network)
}

/// Whether `name` is a member, not known by name, of a module whose members must be known.
pub(super) fn is_unknown_member(name: &str) -> bool {
    name.strip_suffix(".?")
        .is_some_and(|module| MODULES.contains(&module))
}

/// Whether `name` is a module whose members must be known by name.
pub(super) fn is_module(name: &str) -> bool {
    MODULES.contains(&name)
}

/// `ctypes.cdll.name` loads the library of that name; calls into it run it.
fn member_of_library(name: &str) -> Option<What> {
    let loaders = [
        "ctypes.cdll.",
        "ctypes.windll.",
        "ctypes.oledll.",
        "ctypes.pydll.",
        "ctypes.CDLL.",
        "ctypes.WinDLL.",
    ];
    if loaders.iter().any(|loader| name.starts_with(loader)) {
        return Some(What::Native);
    }
    // Members of these are programs by the name of the member.
    let programs = ["sh.", "plumbum.cmd."];
    programs
        .iter()
        .any(|module| name.starts_with(module))
        .then_some(What::Process)
}

/// What the import policy knows of it.
fn elsewhere(name: &str) -> Option<What> {
    let (module, function) = name.rsplit_once('.')?;
    if EVERYDAY.contains(&name) {
        return None;
    }
    let root = name.split('.').next().unwrap_or_default();
    if !RUNNING.contains(&root) {
        return None;
    }
    let import = look_up(module, function);
    if import.can(Capability::Process) {
        return Some(What::Process);
    }
    import.can(Capability::Execute).then_some(What::Execute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_listed_once() {
        let lists = [
            PROCESS,
            EXECUTE,
            SOURCE,
            NATIVE,
            NATIVE_SOURCE,
            DESERIALIZE,
            NETWORK,
            INTERPRETER,
            EVERYDAY,
        ];
        let mut all: Vec<_> = lists.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|name| name.contains('.') && !name.contains('*')));
    }

    #[test]
    fn methods_called_like_builtins_are_not_them() {
        assert_eq!(of("builtins.eval"), Some(What::Execute));
        for name in [
            "torch.nn.Module.eval",
            "re.compile",
            "torch.compile",
            "os.path.join",
            "model.eval",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
