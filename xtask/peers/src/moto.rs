//! AWS's key service, as `moto` stands in for it: a process that speaks the real protocol, checks every call's signature
//! against the access keys it gave out, and signs with keys of its own.
//!
//! Keys are made and looked at with the vendor's own library for Python, which comes with `moto`. Release 5.2.5 does not know
//! the message type `DIGEST` and hashes digests again; [`Moto::start`] adds that, [`Moto::as_released`] leaves it as it is.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Peer, program};

/// A running stand-in with one user; it ends when dropped.
#[derive(Debug)]
pub struct Moto {
    python: PathBuf,
    child: Child,
    url: String,
    /// The access key id of the user.
    pub id: String,
    /// The secret access key of the user.
    pub secret: String,
}

/// The region of every key.
pub const REGION: &str = "eu-west-1";

/// Runs the server with what it lacks: signatures over digests.
const SERVER: &str = "
import sys, threading
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils as asymmetric
from moto import server
from moto.kms import responses, utils
call = threading.local()
answer, sign = responses.KmsResponse.sign, utils.ECDSAPrivateKey.sign
def answered(self):
    call.digest = self._get_param('MessageType') == 'DIGEST'
    return answer(self)
def signed(self, message, signing_algorithm):
    if not call.digest:
        return sign(self, message, signing_algorithm)
    name = 'SHA' + signing_algorithm.rsplit('_', 1)[1]
    kind = ec.ECDSA(asymmetric.Prehashed(getattr(hashes, name)()))
    return self.private_key.sign(message, kind)
responses.KmsResponse.sign, utils.ECDSAPrivateKey.sign = answered, signed
server.main(sys.argv[1:])
";

/// Runs the server as it was released.
const RELEASED: &str = "import sys; from moto import server; server.main(sys.argv[1:])";

/// Longest time for a start, which takes two seconds on an idle machine.
const START: Duration = Duration::from_secs(60);

/// Makes a user who may do everything with keys, and prints the access key. The three calls that are not checked.
const USER: &str = "
iam = client('iam')
iam.create_user(UserName='signer')
key = iam.create_access_key(UserName='signer')['AccessKey']
allow = {'Effect': 'Allow', 'Action': 'kms:*', 'Resource': '*'}
policy = json.dumps({'Version': '2012-10-17', 'Statement': [allow]})
iam.put_user_policy(UserName='signer', PolicyName='keys', PolicyDocument=policy)
print(key['AccessKeyId'], key['SecretAccessKey'])
";

impl Moto {
    /// Starts it, if it is installed; else records a skip of the running test.
    ///
    /// # Panics
    /// When it is installed and does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::run(SERVER, None)
    }

    /// Starts it without what it lacks.
    ///
    /// # Panics
    /// When it is installed and does not start.
    #[must_use]
    pub fn as_released() -> Option<Self> {
        Self::run(RELEASED, None)
    }

    /// Starts it with a certificate and its key, in PEM files. It speaks TLS, and lets every call through.
    ///
    /// # Panics
    /// When it is installed and does not start.
    #[must_use]
    pub fn with_tls(certificate: &Path, key: &Path) -> Option<Self> {
        Self::run(SERVER, Some((certificate, key)))
    }

    fn run(server: &str, tls: Option<(&Path, &Path)>) -> Option<Self> {
        let python = program(Peer::Moto)?;
        let port = {
            let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
            free.local_addr().expect("a bound socket has an address").port()
        };
        let mut command = Command::new(&python);
        command.args(["-c", server, "-H", "127.0.0.1", "-p", &port.to_string()]);
        if let Some((certificate, key)) = tls {
            command.arg("-c").arg(certificate).arg("-k").arg(key);
        }
        // How many calls are let through before a user exists who could make them.
        command.env(
            "INITIAL_NO_AUTH_ACTION_COUNT",
            if tls.is_some() { "1000" } else { "3" },
        );
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("moto is installed");
        let mut moto = Self {
            python,
            child,
            url: format!(
                "{}://localhost:{port}",
                if tls.is_some() { "https" } else { "http" }
            ),
            id: "unchecked".to_owned(),
            secret: "unchecked".to_owned(),
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < START, "moto does not start");
            thread::sleep(Duration::from_millis(50));
        }
        if tls.is_none() {
            let made = moto.python(USER);
            let (id, secret) = made.trim().split_once(' ').expect("two words");
            (moto.id, moto.secret) = (id.to_owned(), secret.to_owned());
        }
        Some(moto)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a key of this kind (`ECC_NIST_P256`) for this purpose (`SIGN_VERIFY`), with an alias. Returns its id.
    #[must_use]
    pub fn create(&self, alias: &str, spec: &str, usage: &str) -> String {
        let made = self.python(&format!(
            "
key = client('kms').create_key(KeySpec='{spec}', KeyUsage='{usage}')['KeyMetadata']['KeyId']
client('kms').create_alias(AliasName='alias/{alias}', TargetKeyId=key)
print(key)
"
        ));
        made.trim().to_owned()
    }

    /// Runs a Python program in which `client(NAME)` is a client of the service, and returns what it prints.
    ///
    /// # Panics
    /// When the program fails.
    #[must_use]
    pub fn python(&self, program: &str) -> String {
        let start = format!(
            "import base64, boto3, json\ndef client(name):\n    return boto3.client(name, endpoint_url='{}', verify=False, \
             region_name='{REGION}', aws_access_key_id='{}', aws_secret_access_key='{}')\n",
            self.url, self.id, self.secret
        );
        let done = Command::new(&self.python)
            .args(["-W", "ignore", "-c", &(start + program)])
            .output()
            .expect("python runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
