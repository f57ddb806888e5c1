//! The rules. Each is a function from a room to its breaches, with an example of both kinds below.

use super::{Breach, Room, Source, Use};
use crate::source::{lines_with_path, lines_with_word};

/// The rooms and what each may use, as `docs/architecture.md` draws it. Rooms are listed before they exist, so
/// that the first crate of a kind already finds its place.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("weightlock-artifact", &[]),
    ("weightlock-format", &[ARTIFACT]),
    ("weightlock-scan", &[ARTIFACT, FORMAT]),
    ("weightlock-transport", &[ARTIFACT]),
    ("weightlock-source", &[ARTIFACT, TRANSPORT]),
    ("weightlock-signing", &[ARTIFACT, TRANSPORT]),
    ("weightlock-bom", &[ARTIFACT, FORMAT, SIGNING]),
    ("weightlock-policy", &[ARTIFACT, SCAN, SIGNING, BOM]),
    ("weightlock-runtime", &[ARTIFACT, SIGNING, POLICY]),
    (
        "weightlock-server",
        &[
            ARTIFACT, FORMAT, SCAN, TRANSPORT, SOURCE, SIGNING, BOM, POLICY, RUNTIME,
        ],
    ),
    (
        "weightlock",
        &[
            ARTIFACT, FORMAT, SCAN, TRANSPORT, SOURCE, SIGNING, BOM, POLICY, RUNTIME, SERVER,
        ],
    ),
    (
        PYTHON,
        &[
            ARTIFACT, FORMAT, SCAN, TRANSPORT, SOURCE, SIGNING, BOM, POLICY, RUNTIME, BINARY,
        ],
    ),
];

const ARTIFACT: &str = "weightlock-artifact";
const FORMAT: &str = "weightlock-format";
const SCAN: &str = "weightlock-scan";
const TRANSPORT: &str = "weightlock-transport";
const SOURCE: &str = "weightlock-source";
const SIGNING: &str = "weightlock-signing";
const BOM: &str = "weightlock-bom";
const POLICY: &str = "weightlock-policy";
const RUNTIME: &str = "weightlock-runtime";
const SERVER: &str = "weightlock-server";
const BINARY: &str = "weightlock";
const PYTHON: &str = "weightlock-python";

/// Where `unsafe` may stand: kernel dispatch, mapped reading and memory that several threads fill; what the allocator is
/// told; sealed and private memory, what is asked of the kernel, and what a child does before it becomes another program; the
/// pointer that Python's buffer protocol is made of. None of it has a safe interface.
const UNSAFE_ROOMS: [(&str, &str); 7] = [
    (ARTIFACT, "crates/weightlock-artifact/src/digest/"),
    (ARTIFACT, "crates/weightlock-artifact/src/memory.rs"),
    (RUNTIME, "crates/weightlock-runtime/src/private.rs"),
    (RUNTIME, "crates/weightlock-runtime/src/sealed.rs"),
    (RUNTIME, "crates/weightlock-runtime/src/child.rs"),
    (RUNTIME, "crates/weightlock-runtime/src/verity.rs"),
    (PYTHON, "crates/weightlock-python/src/buffer.rs"),
];

/// Rooms that take bytes or a reader and open nothing.
const CLOSED_ROOMS: [&str; 2] = [FORMAT, SCAN];

/// The only file that may end the process.
const MAIN: &str = "crates/weightlock/src/main.rs";

/// Crates through which files or processes are reached.
const FILE_CRATES: [&str; 7] = [
    "rustix", "nix", "libc", "walkdir", "memmap2", "tempfile", "cap-std",
];

/// Crates through which sockets are reached.
const SOCKET_CRATES: [&str; 14] = [
    "reqwest",
    "hyper",
    "ureq",
    "curl",
    "socket2",
    "mio",
    "attohttpc",
    "isahc",
    "minreq",
    "tungstenite",
    "quinn",
    "hickory-resolver",
    "native-tls",
    "async-std",
];

/// What of the standard library opens a socket or asks a name server. Addresses as such are data.
const SOCKET_TYPES: [&str; 7] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "ToSocketAddrs",
];

/// Checks every rule on every room.
pub(super) fn check(rooms: &[Room], workspace_lints: &toml::Table) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if workspace_lints
        .get("rust")
        .and_then(|rust| level(rust, "unsafe_code"))
        != Some("forbid")
    {
        breaches.push(breach(
            "unsafe-not-forbidden",
            "Cargo.toml",
            "[workspace.lints.rust] unsafe_code must be \"forbid\"",
        ));
    }
    for room in rooms {
        breaches.extend(placed(room));
        breaches.extend(directed(room));
        breaches.extend(linted(room, workspace_lints));
        breaches.extend(safe(room));
        breaches.extend(closed(room));
        breaches.extend(offline(room));
        breaches.extend(returns(room));
    }
    breaches
}

fn breach(rule: &'static str, place: impl Into<String>, what: impl Into<String>) -> Breach {
    Breach {
        rule,
        place: place.into(),
        what: what.into(),
    }
}

/// Rooms lie flat under `crates/`, and the folder has the name of the crate.
fn placed(room: &Room) -> Option<Breach> {
    let expected = format!("crates/{}", room.name);
    (room.folder != expected).then(|| {
        breach(
            "folder-name",
            &room.folder,
            format!("crate {} belongs in {expected}", room.name),
        )
    })
}

/// Dependencies between rooms go one way.
fn directed(room: &Room) -> Vec<Breach> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room.name) else {
        return vec![breach(
            "unknown-room",
            &room.folder,
            format!("{} is not in the table of rooms", room.name),
        )];
    };
    let permitted =
        |one: &Use| allowed.contains(&one.name.as_str()) || (one.dev && is_test_help(room, &one.name));
    let ours = room.uses.iter().filter(|one| one.name.starts_with("weightlock"));
    ours.filter(|one| !permitted(one))
        .map(|one| {
            breach(
                "room-direction",
                &room.folder,
                format!("{} may not use {}", room.name, one.name),
            )
        })
        .collect()
}

/// Test support, and a crate's dependency on itself with other features.
fn is_test_help(room: &Room, name: &str) -> bool {
    name == "weightlock-peers" || name == room.name
}

/// Each room takes the lints of the workspace; one with an exception repeats all the others.
fn linted(room: &Room, workspace: &toml::Table) -> Vec<Breach> {
    let place = format!("{}/Cargo.toml", room.folder);
    if room.lints.get("workspace").and_then(toml::Value::as_bool) == Some(true) {
        return Vec::new();
    }
    if !UNSAFE_ROOMS.iter().any(|(name, _)| *name == room.name) {
        return vec![breach(
            "lints-not-inherited",
            place,
            "[lints] must say workspace = true",
        )];
    }
    let mut breaches = Vec::new();
    for (tool, lints) in workspace {
        for (lint, wanted) in lints.as_table().into_iter().flatten() {
            let excepted = lint == "unsafe_code";
            let found = room.lints.get(tool).and_then(|table| level(table, lint));
            let wanted = if excepted { Some("deny") } else { level_of(wanted) };
            if strictness(found) < strictness(wanted) {
                breaches.push(breach(
                    "lint-weakened",
                    &place,
                    format!("{tool} lint {lint} must be at least {}", wanted.unwrap_or("?")),
                ));
            }
        }
    }
    breaches
}

fn level<'a>(table: &'a toml::Value, lint: &str) -> Option<&'a str> {
    table.get(lint).and_then(level_of)
}

fn level_of(value: &toml::Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.get("level").and_then(toml::Value::as_str))
}

fn strictness(level: Option<&str>) -> u8 {
    match level {
        Some("forbid") => 3,
        Some("deny") => 2,
        Some("warn") => 1,
        _ => 0,
    }
}

/// `unsafe` stands only where the design says.
fn safe(room: &Room) -> Vec<Breach> {
    let allowed = |file: &Source| {
        UNSAFE_ROOMS
            .iter()
            .any(|(name, folder)| *name == room.name && file.path.starts_with(folder))
    };
    let mut breaches = Vec::new();
    for file in room.files.iter().filter(|file| !allowed(file)) {
        for line in lines_with_word(&file.code, "unsafe") {
            breaches.push(breach(
                "unsafe-outside-its-room",
                at(file, line),
                "unsafe is confined to artifact::{digest, memory}, runtime::{private, sealed, verity, child} and python::buffer",
            ));
        }
        for line in lines_with_word(&file.code, "unsafe_code")
            .into_iter()
            .filter(|line| relaxes(&file.code, *line))
        {
            breaches.push(breach(
                "unsafe-outside-its-room",
                at(file, line),
                "the unsafe_code lint may not be relaxed here",
            ));
        }
    }
    breaches
}

/// Whether an attribute on that line lowers a lint; naming the lint in `forbid` or `deny` is welcome.
fn relaxes(code: &str, line: usize) -> bool {
    let text = code.lines().nth(line - 1).unwrap_or_default();
    ["allow", "expect", "warn"]
        .iter()
        .any(|word| !lines_with_word(text, word).is_empty())
}

/// Format and scan open nothing: no files, no environment, no processes.
fn closed(room: &Room) -> Vec<Breach> {
    if !CLOSED_ROOMS.contains(&room.name.as_str()) {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for one in room
        .uses
        .iter()
        .filter(|one| !one.dev && FILE_CRATES.contains(&one.name.as_str()))
    {
        breaches.push(breach(
            "closed-room",
            &room.folder,
            format!(
                "{} may not use {}: it takes bytes or a reader",
                room.name, one.name
            ),
        ));
    }
    for file in &room.files {
        for module in ["fs", "env", "process", "os"] {
            for line in lines_with_path(&file.shipped, "std", module) {
                breaches.push(breach(
                    "closed-room",
                    at(file, line),
                    format!("std::{module} in {}: it takes bytes or a reader", room.name),
                ));
            }
        }
    }
    breaches
}

/// Only `transport` may own a socket.
fn offline(room: &Room) -> Vec<Breach> {
    if room.name == TRANSPORT {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for one in room
        .uses
        .iter()
        .filter(|one| !one.dev && reaches_out(&one.name, &one.features))
    {
        breaches.push(breach(
            "socket-outside-transport",
            &room.folder,
            format!("{} brings sockets", one.name),
        ));
    }
    for file in &room.files {
        let mut lines = lines_with_path(&file.shipped, "rustix", "net");
        lines.extend(
            SOCKET_TYPES
                .iter()
                .flat_map(|word| lines_with_word(&file.shipped, word)),
        );
        lines.sort_unstable();
        lines.dedup();
        breaches.extend(lines.into_iter().map(|line| {
            breach(
                "socket-outside-transport",
                at(file, line),
                "sockets belong to weightlock-transport",
            )
        }));
    }
    breaches
}

fn reaches_out(name: &str, features: &[String]) -> bool {
    let net = features.iter().any(|feature| feature == "net");
    SOCKET_CRATES.contains(&name) || (net && ["rustix", "nix", "tokio"].contains(&name))
}

/// Only `main` ends the process; everything else returns.
fn returns(room: &Room) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for file in room.files.iter().filter(|file| file.path != MAIN) {
        let mut lines = lines_with_path(&file.shipped, "process", "exit");
        lines.extend(lines_with_path(&file.shipped, "process", "abort"));
        breaches.extend(lines.into_iter().map(|line| {
            breach(
                "exit-outside-main",
                at(file, line),
                format!("only {MAIN} may end the process"),
            )
        }));
    }
    breaches
}

fn at(file: &Source, line: usize) -> String {
    format!("{}:{line}", file.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str =
        "[rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"deny\"\n[clippy]\nexit = { level = \"deny\" }\n";

    /// A room that breaks nothing.
    fn room(name: &str) -> Room {
        Room {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            lints: "workspace = true".parse().unwrap(),
            ..Room::default()
        }
    }

    fn with_file(name: &str, file: &str, text: &str) -> Room {
        let path = format!("crates/{name}/{file}");
        Room {
            files: vec![Source::new(path, text)],
            ..room(name)
        }
    }

    fn with_use(name: &str, used: &str, dev: bool, feature: &str) -> Room {
        let one = Use {
            name: used.to_owned(),
            features: vec![feature.to_owned()],
            dev,
        };
        Room {
            uses: vec![one],
            ..room(name)
        }
    }

    fn broken(room: Room) -> Vec<&'static str> {
        check(&[room], &LINTS.parse().unwrap())
            .into_iter()
            .map(|breach| breach.rule)
            .collect()
    }

    #[test]
    fn an_orderly_room_passes() {
        assert!(broken(room("weightlock-artifact")).is_empty());
        assert!(broken(with_use("weightlock-signing", ARTIFACT, false, "")).is_empty());
        assert!(broken(with_use("weightlock-signing", "weightlock-peers", true, "")).is_empty());
    }

    #[test]
    fn a_room_in_the_wrong_folder_is_refused() {
        let moved = Room {
            folder: "crates/artifact".to_owned(),
            ..room(ARTIFACT)
        };
        assert_eq!(broken(moved), ["folder-name"]);
    }

    #[test]
    fn a_room_nobody_planned_is_refused() {
        assert_eq!(broken(room("weightlock-utils")), ["unknown-room"]);
    }

    #[test]
    fn upward_and_sideward_dependencies_are_refused() {
        assert_eq!(broken(with_use(ARTIFACT, FORMAT, false, "")), ["room-direction"]);
        assert_eq!(broken(with_use(FORMAT, SIGNING, true, "")), ["room-direction"]);
        assert_eq!(
            broken(with_use(SIGNING, "weightlock-peers", false, "")),
            ["room-direction"]
        );
    }

    #[test]
    fn a_room_without_the_common_lints_is_refused() {
        let bare = Room {
            lints: toml::Table::new(),
            ..room(FORMAT)
        };
        assert_eq!(broken(bare), ["lints-not-inherited"]);
    }

    #[test]
    fn the_room_with_an_exception_repeats_every_other_lint() {
        let own = "[rust]\nunsafe_code = \"deny\"\nmissing_docs = \"deny\"\n[clippy]\nexit = \"deny\"\n";
        let strict = Room {
            lints: own.parse().unwrap(),
            ..room(ARTIFACT)
        };
        assert!(broken(strict.clone()).is_empty());
        let relaxed = own.replace("unsafe_code = \"deny\"", "unsafe_code = \"allow\"");
        assert_eq!(
            broken(Room {
                lints: relaxed.parse().unwrap(),
                ..strict.clone()
            }),
            ["lint-weakened"]
        );
        let missing = own.replace("exit = \"deny\"", "");
        assert_eq!(
            broken(Room {
                lints: missing.parse().unwrap(),
                ..strict
            }),
            ["lint-weakened"]
        );
    }

    #[test]
    fn a_workspace_that_does_not_forbid_unsafe_is_refused() {
        let lax = LINTS.replace("forbid", "deny").parse().unwrap();
        assert_eq!(check(&[room(ARTIFACT)], &lax)[0].rule, "unsafe-not-forbidden");
    }

    #[test]
    fn unsafe_is_confined() {
        let text = "fn f() { unsafe { g() } }";
        assert!(broken(with_file(ARTIFACT, "src/digest/kernel.rs", text)).is_empty());
        assert_eq!(
            broken(with_file(ARTIFACT, "src/path.rs", text)),
            ["unsafe-outside-its-room"]
        );
        assert_eq!(
            broken(with_file(SIGNING, "src/digest/kernel.rs", text)),
            ["unsafe-outside-its-room"]
        );
        assert_eq!(
            broken(with_file(SIGNING, "tests/it/main.rs", text)),
            ["unsafe-outside-its-room"]
        );
        assert_eq!(
            broken(with_file(ARTIFACT, "src/lib.rs", "#![allow(unsafe_code)]")),
            ["unsafe-outside-its-room"]
        );
        assert!(broken(with_file(ARTIFACT, "src/lib.rs", "#![forbid(unsafe_code)]")).is_empty());
    }

    #[test]
    fn format_and_scan_open_nothing() {
        for text in [
            "use std::fs::File;",
            "use std::{io, env};",
            "std::process::Command::new(x);",
            "use std::os::fd;",
        ] {
            assert_eq!(
                broken(with_file(FORMAT, "src/gguf.rs", text)),
                ["closed-room"],
                "{text}"
            );
            assert!(
                broken(with_file(ARTIFACT, "src/walk.rs", text)).is_empty(),
                "{text}"
            );
        }
        assert_eq!(broken(with_use(SCAN, "rustix", false, "fs")), ["closed-room"]);
        assert!(broken(with_use(SCAN, "tempfile", true, "")).is_empty());
        assert!(broken(with_file(FORMAT, "tests/it/main.rs", "use std::fs;")).is_empty());
    }

    #[test]
    fn addresses_are_data() {
        assert!(broken(with_file(SIGNING, "src/name.rs", "use std::net::IpAddr;")).is_empty());
    }

    #[test]
    fn sockets_belong_to_transport() {
        for text in [
            "use std::net::ToSocketAddrs;",
            "fn f(s: TcpStream) {}",
            "use rustix::net;",
        ] {
            assert_eq!(
                broken(with_file(SIGNING, "src/key.rs", text)),
                ["socket-outside-transport"],
                "{text}"
            );
            assert!(
                broken(with_file(TRANSPORT, "src/http.rs", text)).is_empty(),
                "{text}"
            );
        }
        assert_eq!(
            broken(with_use(SIGNING, "ureq", false, "")),
            ["socket-outside-transport"]
        );
        assert_eq!(
            broken(with_use(ARTIFACT, "rustix", false, "net")),
            ["socket-outside-transport"]
        );
        assert!(broken(with_use(ARTIFACT, "rustix", false, "fs")).is_empty());
    }

    #[test]
    fn only_main_ends_the_process() {
        let text = "fn f() { std::process::exit(1) }";
        assert!(broken(with_file(BINARY, "src/main.rs", text)).is_empty());
        assert_eq!(
            broken(with_file(BINARY, "src/commands/sign.rs", text)),
            ["exit-outside-main"]
        );
        assert_eq!(
            broken(with_file(
                SIGNING,
                "src/lib.rs",
                "use std::process::{self}; process::abort();"
            )),
            ["exit-outside-main"]
        );
        assert!(
            broken(with_file(
                SIGNING,
                "src/lib.rs",
                "#[cfg(test)]\nmod tests { fn f() { process::exit(1) } }"
            ))
            .is_empty()
        );
    }
}
