//! Names of functions by what they do in *source*, where a call of an unknown library is ordinary.
//!
//! These lists hold exact dotted names. What they lack is asked of [`crate::imports`], for starting programs and
//! running code alone: most of what a pickle must not name, source may.

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
];

/// Delete files.
const DELETE: &[&str] = &[
    "os.remove",
    "os.unlink",
    "os.rmdir",
    "os.removedirs",
    "shutil.rmtree",
    "pathlib.Path.unlink",
    "pathlib.Path.rmdir",
];

/// Write or move files.
const WRITE: &[&str] = &[
    "pathlib.Path.write_text",
    "pathlib.Path.write_bytes",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "os.rename",
    "os.replace",
    "os.symlink",
    "os.link",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "shutil.unpack_archive",
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
    let lists = [
        (PROCESS, What::Process),
        (EXECUTE, What::Execute),
        (SOURCE, What::Source),
        (NATIVE, What::Native),
        (NATIVE_SOURCE, What::NativeSource),
        (DESERIALIZE, What::Deserialize),
        (NETWORK, What::Network),
        (DELETE, What::Delete),
        (WRITE, What::Write),
        (INTERPRETER, What::Interpreter),
    ];
    let listed = lists
        .into_iter()
        .find(|(list, _)| list.contains(&name))
        .map(|(_, what)| what);
    listed
        .or_else(|| member_of_library(name))
        .or_else(|| elsewhere(name))
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
            DELETE,
            WRITE,
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
