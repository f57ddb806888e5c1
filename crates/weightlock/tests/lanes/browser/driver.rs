//! Chromium, driven over the WebDriver protocol by the driver that its package brings.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use weightlock_peers::{Peer, program};

/// A browser without a window and with an empty profile, until dropped.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// One browser at a time: each has a dozen processes.
static ALONE: Mutex<()> = Mutex::new(());

/// No answer of the driver takes near as long.
const PATIENCE: Duration = Duration::from_secs(60);

impl Browser {
    /// Starts one, or records a skip.
    pub(crate) fn start() -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (chromium, driver) = (program(Peer::Chromium)?, program(Peer::Chromedriver)?);
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map(Result::unwrap)
            .find_map(|line| {
                let (_, port) = line.split_once("successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            })
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            _profile: profile,
            _alone: alone,
        };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let started = browser.call(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
                "unhandledPromptBehavior": "ignore",
            }}}),
        );
        browser.session = format!("/session/{}", started["sessionId"].as_str().unwrap());
        Some(browser)
    }

    /// Opens a page from a file. What the browser's own first page asked for is forgotten.
    pub(crate) fn open(&self, page: &Path) {
        self.ask("/url", &json!({"url": "about:blank"}));
        self.requests();
        self.console();
        let address = format!("file://{}", page.display());
        self.ask("/url", &json!({"url": address}));
    }

    /// What a script of ours finds out. It runs whatever the page forbids its own.
    pub(crate) fn evaluate(&self, script: &str) -> Value {
        self.ask("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The same, of something that it is given.
    pub(crate) fn evaluate_with(&self, script: &str, argument: &str) -> Value {
        self.ask("/execute/sync", &json!({"script": script, "args": [argument]}))
    }

    /// Waits for a script that says itself when it is done, or for the dialog that stops it.
    pub(crate) fn evaluate_later(&self, script: &str) {
        let path = format!("{}/execute/async", self.session);
        self.raw("POST", &path, &json!({"script": script, "args": []}));
    }

    /// A window of this width, light or dark.
    pub(crate) fn looks(&self, width: u32, scheme: &str) {
        let is_phone = width < 500;
        self.command(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": is_phone}),
        );
        let scheme = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.command(
            "Emulation.setEmulatedMedia",
            &json!({"features": scheme, "media": ""}),
        );
    }

    /// The page as it is for paper, or as it is for a screen.
    pub(crate) fn media(&self, media: &str) {
        self.command("Emulation.setEmulatedMedia", &json!({"media": media}));
    }

    /// The page on paper, as a PDF file.
    pub(crate) fn print(&self) -> Vec<u8> {
        use base64::Engine as _;
        let printed = self.ask("/print", &json!({"background": false}));
        let text = printed.as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }

    /// The addresses of all requests since the last call, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.log("performance");
        let messages = entries.iter().filter_map(|entry| {
            let text = entry["message"].as_str()?;
            let message = serde_json::from_str::<Value>(text).ok()?["message"].clone();
            let sent = matches!(
                message["method"].as_str(),
                Some("Network.requestWillBeSent" | "Network.webSocketCreated")
            );
            let params = &message["params"];
            let address = params["request"]["url"].as_str().or(params["url"].as_str())?;
            sent.then(|| address.to_owned())
        });
        messages.collect()
    }

    /// What the console of the page says.
    pub(crate) fn console(&self) -> Vec<Value> {
        self.log("browser")
    }

    /// Whether the page opened a dialog.
    pub(crate) fn has_dialog(&self) -> bool {
        let path = format!("{}/alert/text", self.session);
        self.raw("GET", &path, &Value::Null).get("error").is_none()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.ask("/se/log", &json!({"type": kind}));
        entries.as_array().unwrap().clone()
    }

    fn command(&self, command: &str, parameters: &Value) {
        self.ask(
            "/goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        );
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let value = self.raw(method, path, body);
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }

    fn raw(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        for line in reader.by_ref().lines().map(Result::unwrap) {
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session; without one there is nothing to end.
        if !self.session.is_empty() {
            self.raw("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
