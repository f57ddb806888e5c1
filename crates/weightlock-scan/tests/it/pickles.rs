//! What is said of pickles: each refused case beside one that must stay quiet.

use weightlock_scan::{FileReport, Profile, Settings, Severity, scan};

fn report(bytes: &[u8]) -> FileReport {
    scan("a.pkl", bytes.to_vec().into(), &Settings::default())
}

/// The worst finding: severity, rule, opcode, name, offset.
fn worst(bytes: &[u8]) -> Option<(Severity, &'static str, String, String, u64)> {
    let report = report(bytes);
    let worst = report.findings.iter().max_by_key(|finding| finding.severity)?;
    Some((
        worst.severity,
        worst.rule,
        worst.construct.clone().unwrap_or_default(),
        worst.name.clone().unwrap_or_default(),
        worst.place.offset.unwrap_or_default(),
    ))
}

fn rules(bytes: &[u8], least: Severity) -> Vec<&'static str> {
    let findings = report(bytes).findings.into_iter();
    findings
        .filter(|finding| finding.severity >= least)
        .map(|finding| finding.rule)
        .collect()
}

fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x8c, length][..], text.as_bytes()].concat()
}

fn global(module: &str, name: &str) -> Vec<u8> {
    [text(module), text(name), b"\x93".to_vec()].concat()
}

/// A call with one argument.
fn call(module: &str, name: &str, argument: &[u8]) -> Vec<u8> {
    [&global(module, name)[..], argument, b"\x85R"].concat()
}

fn stream(body: &[u8]) -> Vec<u8> {
    [b"\x80\x04", body, b"."].concat()
}

/// Quiet and read to the last byte.
fn is_clean(bytes: &[u8]) -> bool {
    let report = report(bytes);
    report.coverage.is_complete()
        && report
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::Info)
}

#[test]
fn a_call_is_named_with_its_opcode_offset_and_arguments() {
    let bytes = stream(&call("posix", "system", &text("echo hello")));
    let expected = (
        Severity::Critical,
        "pickle-code-execution",
        "REDUCE".to_owned(),
        "posix.system".to_owned(),
        31,
    );
    assert_eq!(worst(&bytes), Some(expected));
    assert!(
        report(&bytes).findings[0]
            .reason
            .starts_with("calls posix.system('echo hello')")
    );
    assert!(is_clean(&stream(&call("decimal", "Decimal", &text("1.5")))));
}

#[test]
fn what_is_only_imported_is_high() {
    let worst = worst(&stream(&global("os", "system"))).unwrap();
    assert_eq!((worst.0, worst.1), (Severity::High, "pickle-global-import"));
    assert!(is_clean(&stream(&global("collections", "OrderedDict"))));
    assert!(
        is_clean(&stream(&[text("os"), text("system"), b"\x86".to_vec()].concat())),
        "words are words"
    );
}

#[test]
fn a_dangerous_argument_counts_as_called() {
    let argument = global("os", "system");
    let handed = call("collections", "defaultdict", &argument);
    assert_eq!(worst(&stream(&handed)).unwrap().0, Severity::Critical);
    // Also where the list was put among the arguments before it was filled.
    let late = [
        &global("collections", "deque")[..],
        b"]\x94\x85h\x00",
        &argument,
        b"a0R",
    ]
    .concat();
    assert_eq!(worst(&stream(&late)).unwrap().0, Severity::Critical);
    assert!(is_clean(&stream(&call(
        "collections",
        "defaultdict",
        &global("builtins", "list")
    ))));
}

#[test]
fn every_call_opcode_calls() {
    let echo = text("echo hello");
    let pair = [&global("posix", "system")[..], &echo].concat();
    for body in [
        [b"(", &echo[..], b"iposix\nsystem\n"].concat(),
        [b"(", &pair[..], b"o"].concat(),
        [&pair[..], b"\x85\x81"].concat(),
        [&pair[..], b"\x85}\x92"].concat(),
        [&pair[..], b"\x85R0N"].concat(),
        [b"N\x8c\x05posix\x8c\x06systemN0\x93", &echo[..], b"\x85R0"].concat(),
    ] {
        let found = worst(&stream(&body)).unwrap();
        assert_eq!(
            (found.0, found.3.as_str()),
            (Severity::Critical, "posix.system"),
            "{body:?}"
        );
    }
}

#[test]
fn names_of_attributes_and_computed_names_are_high_at_least() {
    let dotted = stream(&call("torch.serialization", "os.system", &text("echo")));
    assert!(rules(&dotted, Severity::High).contains(&"pickle-dotted-name"));
    let computed = [
        &call("builtins", "str", &text("posix"))[..],
        &text("system"),
        b"\x93",
    ]
    .concat();
    let found = rules(&stream(&computed), Severity::High);
    assert!(found.contains(&"pickle-computed-import"), "{found:?}");
    assert!(found.contains(&"pickle-global-import"), "{found:?}");
    let hidden = [
        &call("nobody.knows", "f", &text("posix"))[..],
        &text("system"),
        b"\x93",
    ]
    .concat();
    assert!(rules(&stream(&hidden), Severity::High).contains(&"pickle-computed-import"));
}

#[test]
fn partial_is_judged_by_what_it_wraps() {
    let wrap = |argument: &[u8]| stream(&call("functools", "partial", argument));
    assert!(is_clean(&wrap(&global("collections", "OrderedDict"))));
    assert_eq!(
        worst(&wrap(&global("os", "system"))).unwrap().0,
        Severity::Critical
    );
    let severity = |argument: &[u8]| worst(&wrap(argument)).unwrap().0;
    assert_eq!(severity(&global("nobody.knows", "f")), Severity::Low);
    assert_eq!(severity(&global("json", "os.system")), Severity::Critical);
    assert_eq!(severity(&call("nobody.knows", "f", b"N")), Severity::Critical);
    let called = [
        &call("functools", "partial", &global("collections", "OrderedDict"))[..],
        b")R",
    ]
    .concat();
    assert_eq!(worst(&stream(&called)).unwrap().1, "pickle-reflection");
}

#[test]
fn getattr_is_judged_by_what_it_takes() {
    let taken = |module: &str, name: &str, attribute: &str| {
        let both = [
            &global("builtins", "getattr")[..],
            &global(module, name),
            &text(attribute),
            b"\x86R",
        ]
        .concat();
        stream(&[&both[..], &text("Europe/Paris"), b"\x85R"].concat())
    };
    assert!(is_clean(&taken("zoneinfo", "ZoneInfo", "_unpickle")));
    assert_eq!(
        worst(&taken("zoneinfo", "ZoneInfo", "__init__")).unwrap().0,
        Severity::Critical
    );
    assert_eq!(
        worst(&taken("collections", "OrderedDict", "fromkeys")).unwrap().0,
        Severity::Critical
    );
}

#[test]
fn what_nobody_knows_is_medium_when_called() {
    let called = worst(&stream(&call("nobody.knows", "f", b"N"))).unwrap();
    assert_eq!((called.0, called.1), (Severity::Medium, "pickle-unknown-import"));
    assert_eq!(
        worst(&stream(&global("nobody.knows", "F"))).unwrap().0,
        Severity::Low
    );
    assert_eq!(
        worst(&stream(&global("__main__", "F"))).unwrap().0,
        Severity::Medium
    );
}

#[test]
fn changing_what_was_not_made_is_high() {
    let module = [&global("json", "decoder")[..], b"}\x8c\x01aN", b"sb"].concat();
    assert!(rules(&stream(&module), Severity::High).contains(&"pickle-object-rewrite"));
    let hook = |value: &[u8]| {
        let made = [&global("collections", "OrderedDict")[..], b")R}"].concat();
        stream(&[&made[..], &text("__setstate__"), value, b"sb"].concat())
    };
    assert_eq!(
        worst(&hook(&global("os", "system"))).unwrap().0,
        Severity::Critical
    );
    assert!(rules(&hook(&global("nobody.knows", "f")), Severity::High).contains(&"pickle-object-rewrite"));
    assert!(is_clean(&hook(b"N")));
}

#[test]
fn persistent_ids_extensions_and_buffers_need_the_program() {
    assert_eq!(
        rules(&stream(b"\x8c\x01xQ"), Severity::Low),
        ["pickle-persistent-id"]
    );
    assert!(rules(&stream(b"\x82\x01"), Severity::Low).contains(&"pickle-extension"));
    assert_eq!(rules(&stream(b"\x97"), Severity::Low), ["pickle-foreign-buffer"]);
}

#[test]
fn every_stream_is_read() {
    let evil = stream(&call("posix", "system", &text("echo")));
    let harmless = stream(b"N");
    for between in [&b""[..], b"\0\0\0", b"\n", b"junk"] {
        let both = [&harmless[..], between, &evil].concat();
        let found = worst(&both).unwrap();
        assert_eq!(found.0, Severity::Critical, "{between:?}");
        assert_eq!(report(&both).coverage.is_complete(), between != b"junk");
        assert_eq!(found.4, (harmless.len() + between.len() + evil.len() - 2) as u64);
    }
    assert!(is_clean(&[&harmless[..], &harmless, b"\0\0"].concat()));
    assert!(
        !is_clean(&[&harmless[..], b"junk"].concat()),
        "nobody owns the rest"
    );
}

#[test]
fn what_comes_before_a_break_counts() {
    let mut evil = stream(&call("posix", "system", &text("echo")));
    evil.pop();
    for rest in [&b""[..], b"\xff\xff\xff"] {
        let broken = [&evil[..], rest].concat();
        assert_eq!(worst(&broken).unwrap().0, Severity::Critical);
        assert!(rules(&broken, Severity::Medium).contains(&"pickle-malformed"));
    }
    assert!(
        !report(&[&evil[..], b"\xff\xff\xff"].concat())
            .coverage
            .is_complete()
    );
}

#[test]
fn readings_that_differ_are_all_read() {
    // As a file: the frame ends within a text, the rest of it is dropped, and a call follows. As bytes: texts.
    let call = b"cposix\nsystem\n)R.";
    let length = u8::try_from(call.len() + 1).unwrap();
    let body = [
        b"\x80\x04\x95\x03\0\0\0\0\0\0\0\x8c",
        &[length][..],
        b"a",
        call,
        b".",
    ]
    .concat();
    let found = rules(&body, Severity::Medium);
    assert!(found.contains(&"pickle-unusual-literal"), "{found:?}");
    for literal in [&b"I0x10\n"[..], b"L0x10L\n", b"I5\0x\n", b"Np 1\n"] {
        let bytes = [literal, b"0cposix\nsystem\n(S'echo'\ntR."].concat();
        let found = rules(&bytes, Severity::Medium);
        assert!(found.contains(&"pickle-unusual-literal"), "{literal:?} {found:?}");
        assert!(found.contains(&"pickle-code-execution"), "{literal:?} {found:?}");
    }
    assert!(is_clean(b"(lp0\nI10\naL5L\naF1.5\naI01\na."));
}

#[test]
fn streams_in_constants_are_read() {
    let evil = stream(&call("posix", "system", &text("echo")));
    let bytes = |constant: &[u8]| [&[b'C', u8::try_from(constant.len()).unwrap()][..], constant].concat();
    let loaded = stream(&call("torch.storage", "_load_from_bytes", &bytes(&evil)));
    let inner = report(&loaded)
        .findings
        .into_iter()
        .find(|finding| finding.severity == Severity::Critical);
    assert!(
        inner
            .unwrap()
            .place
            .trail
            .as_str()
            .starts_with("a.pkl!/constant@")
    );
    assert!(
        is_clean(&stream(&bytes(&evil))),
        "bytes that nothing loads are data"
    );
}

#[test]
fn profiles_decide_on_known_classes() {
    let bytes = stream(&call(
        "functools",
        "partial",
        &global("collections", "OrderedDict"),
    ));
    for (profile, severity) in [
        (Profile::Default, Severity::Info),
        (Profile::Strict, Severity::Medium),
        (Profile::WeightsOnly, Severity::High),
    ] {
        let mut settings = Settings::default();
        settings.profile = profile;
        let report = scan("a.pkl", bytes.clone().into(), &settings);
        let known = report
            .findings
            .iter()
            .find(|finding| finding.rule == "pickle-known-class")
            .unwrap();
        assert_eq!(known.severity, severity);
    }
}

#[test]
fn text_is_not_taken_for_a_pickle() {
    for text in [
        "cat\ndog\nbird\n",
        "(d. 1950) was a painter\n",
        "N.",
        "call me\nwhen ready\n",
        "a,b\n1,2\n",
    ] {
        let report = report(text.as_bytes());
        assert!(report.findings.is_empty(), "{text}: {:?}", report.findings);
    }
    assert_eq!(
        worst(b"cposix\nsystem\n(S'echo'\ntR.").unwrap().0,
        Severity::Critical
    );
}

/// An object of a class with one entry of state, made by NEWOBJ.
fn with_state(module: &str, name: &str, key: &str, value: &str) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    let value = [b"X", &length[..], value.as_bytes()].concat();
    [&global(module, name)[..], b")\x81}", &text(key), &value, b"sb"].concat()
}

#[test]
fn a_distribution_may_execute_the_text_of_scipy_and_no_other() {
    let honest = "\ndef _parse_args(self, a,  loc=0, scale=1):\n    return (a, ), loc, scale\n\n\
        def _parse_args_rvs(self, a,  loc=0, scale=1, size=None):\n    \
        return self._argcheck_rvs(a,  loc, scale, size=size)\n\n\
        def _parse_args_stats(self, a,  loc=0, scale=1, moments='mv'):\n    return (a, ), loc, scale, moments\n";
    let made = |key: &str, value: &str| {
        stream(&with_state(
            "scipy.stats._continuous_distns",
            "norm_gen",
            key,
            value,
        ))
    };
    assert!(is_clean(&made("_parse_arg_template", honest)));
    assert!(is_clean(&made("name", "norm")));
    let hostile = worst(&made("_parse_arg_template", &format!("{honest}import os\n"))).unwrap();
    assert_eq!(
        (hostile.0, hostile.1),
        (Severity::Critical, "pickle-code-execution")
    );
    let state = call("nobody.knows", "state", &text("x"));
    let unknown = [
        &global("scipy.stats._continuous_distns", "norm_gen")[..],
        b")\x81",
        &state,
        b"b",
    ]
    .concat();
    assert_eq!(worst(&stream(&unknown)).unwrap().0, Severity::Critical);
}

#[test]
fn a_function_of_a_library_may_be_held_and_not_called() {
    let score = ("sklearn.feature_selection._univariate_selection", "f_classif");
    assert!(is_clean(&stream(&global(score.0, score.1))));
    assert_eq!(
        worst(&stream(&call(score.0, score.1, &text("x")))).unwrap().0,
        Severity::High
    );
}

/// `getattr` of an attribute of a class, or of an object of it.
fn attribute(module: &str, class: &str, made: bool, name: &str) -> Vec<u8> {
    let object = if made { &b")\x81"[..] } else { b"" };
    [
        &global("builtins", "getattr")[..],
        &global(module, class),
        object,
        &text(name),
        b"\x86R",
    ]
    .concat()
}

#[test]
fn methods_that_are_listed_may_be_kept_and_not_called() {
    let distribution = ("scipy.stats._discrete_distns", "randint_gen");
    let stemmer = ("nltk.stem.snowball", "EnglishStemmer");
    for (module, class, made, name) in [
        (distribution.0, distribution.1, true, "_entropy"),
        (stemmer.0, stemmer.1, true, "stem"),
        (
            "river.naive_bayes.gaussian",
            "GaussianNB",
            false,
            "_make_gaussian",
        ),
    ] {
        let taken = attribute(module, class, made, name);
        assert!(
            is_clean(&stream(&taken)),
            "{class}.{name}: {:?}",
            worst(&stream(&taken))
        );
        let called = [&taken[..], &text("x"), b"\x85R"].concat();
        assert_eq!(
            worst(&stream(&called)).unwrap().0,
            Severity::Critical,
            "{class}.{name}"
        );
        let mapped = [&global("builtins", "map")[..], &taken, b")\x86R"].concat();
        assert_eq!(
            worst(&stream(&mapped)).unwrap().0,
            Severity::Critical,
            "{class}.{name}"
        );
    }
    for (module, class, made, name) in [
        (distribution.0, distribution.1, true, "__setstate__"),
        (distribution.0, distribution.1, true, "_parse_arg_template"),
        (distribution.0, distribution.1, false, "__init__"),
        ("helpers", "randint_gen", true, "_entropy"),
        ("builtins", "str", false, "format"),
        ("builtins", "str", false, "__class__"),
    ] {
        let taken = attribute(module, class, made, name);
        assert_eq!(
            worst(&stream(&taken)).unwrap().0,
            Severity::Critical,
            "{class}.{name}"
        );
    }
    // Methods of texts make texts of texts.
    let lower = attribute("builtins", "str", false, "lower");
    assert!(is_clean(&stream(&lower)));
    let dotted = stream(&global("river.naive_bayes.gaussian", "GaussianNB._make_gaussian"));
    assert!(is_clean(&dotted));
    let called = stream(&call(
        "river.naive_bayes.gaussian",
        "GaussianNB._make_gaussian",
        &text("x"),
    ));
    assert_eq!(worst(&called).unwrap().0, Severity::High);
}

#[test]
fn dill_makes_arrays_and_plain_types() {
    let array = |function: Vec<u8>| {
        stream(
            &[
                &global("dill._dill", "_create_array")[..],
                b"(",
                &function,
                b"))NtR",
            ]
            .concat(),
        )
    };
    assert!(is_clean(&array(global("numpy._core.multiarray", "_reconstruct"))));
    for (module, name) in [("posix", "system"), ("numpy", "load"), ("helpers", "run")] {
        assert_eq!(
            worst(&array(global(module, name))).unwrap().0,
            Severity::Critical,
            "{module}.{name}"
        );
    }
    let made = |name: &str| {
        let loaded = call("dill._dill", "_load_type", &text(name));
        stream(&[&loaded[..], b"K\x01\x85R"].concat())
    };
    assert!(is_clean(&made("slice")));
    for name in [
        "CodeType",
        "FunctionType",
        "ModuleType",
        "PartialType",
        "eval",
        "type",
    ] {
        assert_eq!(worst(&made(name)).unwrap().0, Severity::Critical, "{name}");
    }
}

/// The standard digits of base64, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0; 3];
        bits[..group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for index in 0..4 {
            let digit = (bits >> (18 - 6 * index)) & 63;
            text.push(match index <= group.len() {
                true => char::from(DIGITS[digit as usize]),
                false => '=',
            });
        }
    }
    text
}

#[test]
fn objects_of_reinforcement_learners_are_run_on_loading() {
    let data = |serialized: &str| {
        let json = format!(r#"{{"policy_class": {{":type:": "x", ":serialized:": "{serialized}"}}}}"#);
        report(json.as_bytes())
    };
    let class = base64(&stream(&global(
        "stable_baselines3.common.policies",
        "ActorCriticPolicy",
    )));
    let quiet = data(&class);
    assert!(quiet.coverage.is_complete(), "{:?}", quiet.coverage);
    assert!(
        quiet
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::Info),
        "{quiet:?}"
    );
    let evil = base64(&stream(&call("posix", "system", &text("echo weightlock-test"))));
    let (front, back) = evil.split_at(10);
    for serialized in [evil.clone(), format!("{front}!-{back}"), format!("{evil}{class}")] {
        let worst = data(&serialized)
            .findings
            .iter()
            .map(|finding| finding.severity)
            .max();
        assert_eq!(worst, Some(Severity::Critical), "{serialized}");
    }
}

#[test]
fn annotations_are_harmless_and_other_items_are_not() {
    let item = |of: Vec<u8>, key: Vec<u8>| {
        stream(&[&global("_operator", "getitem")[..], &of, &key, b"\x86R"].concat())
    };
    assert!(is_clean(&item(
        global("typing", "List"),
        global("builtins", "int")
    )));
    for (of, key) in [
        (global("sys", "modules"), text("os")),
        (global("typing", "List"), global("helpers", "Net")),
        (global("typing", "sys.modules"), text("os")),
        (b"}".to_vec(), text("x")),
    ] {
        assert_eq!(worst(&item(of, key)).unwrap().0, Severity::Critical);
    }
}

#[test]
fn harmless_calls_do_not_hide_a_harmful_one() {
    let tame = [
        &global("builtins", "getattr")[..],
        &global("zoneinfo", "ZoneInfo"),
        &text("_unpickle"),
        b"\x86R0",
    ]
    .concat();
    let harmful = [
        &global("builtins", "getattr")[..],
        &text("x"),
        &text("__class__"),
        b"\x86R",
    ]
    .concat();
    assert!(is_clean(&stream(&[tame.repeat(20), b"N".to_vec()].concat())));
    assert!(!is_clean(&stream(&[tame.repeat(20), harmful].concat())));
}

#[test]
fn an_iterator_over_a_container_is_harmless_and_one_that_calls_is_not() {
    assert!(is_clean(&stream(&call("builtins", "iter", b"]"))));
    let calls = [
        &global("builtins", "iter")[..],
        &global("nobody.knows", "f"),
        b"N\x86R",
    ]
    .concat();
    assert_eq!(worst(&stream(&calls)).unwrap().0, Severity::Critical);
}

#[test]
fn a_getter_of_attributes_is_refused_whoever_calls_it() {
    let getter = |name: &str| call("operator", "attrgetter", &text(name));
    let module = call("importlib", "import_module", &text("os"));
    for bytes in [
        getter("name"),
        getter("path.os.system"),
        getter("__class__"),
        [&getter("system")[..], &module, b"\x85R"].concat(),
        [&getter("x")[..], &text("y"), b"\x85R"].concat(),
    ] {
        assert_eq!(worst(&stream(&bytes)).unwrap().0, Severity::Critical);
    }
}

#[test]
fn python_itself_is_not_made_to_call() {
    let apply = |module, name, items: &[u8]| {
        [
            global(module, name),
            b"(".to_vec(),
            items.to_vec(),
            b"tR".to_vec(),
        ]
        .concat()
    };
    let least = |bytes: &[u8], least| assert!(worst(&stream(bytes)).unwrap().0 >= least, "{bytes:?}");
    // `__init__` of a class that the functional interface makes is called for each member.
    let member = |name: &str, value: &[u8]| [&b"("[..], &text(name), value, b"t"].concat();
    let print = global("builtins", "print");
    let members = [
        &b"]("[..],
        &member("__init__", &print),
        &member("A", b"K\x01"),
        b"e",
    ]
    .concat();
    least(
        &apply("enum", "Enum", &[text("X"), members].concat()),
        Severity::High,
    );
    // A missing key calls the factory.
    let part = |name| apply("functools", "partial", &global("builtins", name));
    least(&apply("collections", "defaultdict", &part("sum")), Severity::High);
    assert!(is_clean(&stream(&apply(
        "collections",
        "defaultdict",
        &global("builtins", "list")
    ))));
    // Nor is any other class of Python itself given what calls.
    least(&apply("collections", "deque", &part("sum")), Severity::High);
    let hidden = [
        global("builtins", "tuple"),
        b"(](".to_vec(),
        part("sum"),
        b"etR".to_vec(),
    ]
    .concat();
    least(
        &[global("collections", "deque"), hidden, b"R".to_vec()].concat(),
        Severity::High,
    );
    // Items are given to a method of what the state says.
    let list = [
        global("collections", "UserList"),
        b")\x81}".to_vec(),
        text("data"),
        print,
        b"sbK\x01a".to_vec(),
    ]
    .concat();
    least(&list, Severity::Medium);
    // A module is itself wherever another has imported it.
    least(&global("logging", "os"), Severity::High);
    least(
        &apply(
            "functools",
            "partial",
            &global("numpy.ctypeslib._ctypeslib", "load_library"),
        ),
        Severity::High,
    );
}

const PATHS: [&str; 4] = ["/models/x", "../x", "https://example.org/x", "x.ubj"];
const CLASS: (&str, &str) = ("sklearn.linear_model._logistic", "LogisticRegression");
const HELD: (&str, &str) = ("sklearn.feature_selection._univariate_selection", "f_classif");

/// `functools.partial` of a name and one text.
fn part(name: (&str, &str), argument: &str) -> Vec<u8> {
    [
        global("functools", "partial"),
        global(name.0, name.1),
        text(argument),
        b"\x86R".to_vec(),
    ]
    .concat()
}

fn call_with(name: (&str, &str), argument: &[u8]) -> Vec<u8> {
    call(name.0, name.1, argument)
}

/// An object with an attribute, of a class that is made without its `__init__`.
fn object_with(class: (&str, &str), key: &str, value: &[u8]) -> Vec<u8> {
    [&global(class.0, class.1)[..], b")\x81}", &text(key), value, b"sb"].concat()
}

#[test]
fn constructors_of_libraries_are_given_no_paths() {
    let made = |argument: &str| call(CLASS.0, CLASS.1, &text(argument));
    let based = |base: &[u8], state: &str| {
        let parts = [
            global("copyreg", "_reconstructor"),
            global(CLASS.0, CLASS.1),
            base.to_vec(),
        ];
        stream(&[&parts.concat()[..], &text(state), b"\x87R"].concat())
    };
    let class = global(CLASS.0, CLASS.1);
    let built = |argument: &str| {
        let state = [&b"("[..], &class, &text(argument), b"\x85}Nt"].concat();
        stream(&[&call("functools", "partial", &class)[..], &state, b"b"].concat())
    };
    assert!(is_clean(&stream(&made("l2"))));
    assert!(is_clean(&stream(&part(CLASS, "l2"))));
    assert!(is_clean(&based(&class, "l2")) && is_clean(&built("l2")));
    let high = |bytes: &[u8], path| assert_eq!(worst(bytes).unwrap().0, Severity::High, "{path}");
    for path in PATHS {
        high(&stream(&made(path)), path);
        // A call without a path does not stand for one with a path.
        high(&stream(&[&made("l2")[..], b"0", &made(path)].concat()), path);
        high(&stream(&part(CLASS, path)), path);
        high(&based(&class, path), path);
        high(&built(path), path);
        assert!(is_clean(&based(&global("builtins", "object"), path)));
        // Nor made without its `__init__`, nor with the path in a list.
        high(&stream(&[&class[..], &text(path), b"\x85\x81"].concat()), path);
        let list = [&b"]"[..], &text(path), b"a"].concat();
        high(&stream(&call_with(CLASS, &list)), path);
        high(
            &stream(&call_with(CLASS, &call("pathlib", "PurePosixPath", &text("x")))),
            path,
        );
    }
    // These open what they are given, however it is called.
    for (module, class) in [
        ("catboost.core", "Pool"),
        ("lightgbm.basic", "Booster"),
        ("xgboost.core", "DMatrix"),
    ] {
        high(&stream(&call(module, class, &text("train"))), class);
        assert!(is_clean(&stream(
            &[&global(module, class)[..], b")\x81"].concat()
        )));
    }
}

#[test]
fn callables_that_the_file_puts_together_are_kept_and_not_called() {
    let loose = part(HELD, "x");
    let listed = part(CLASS, "x");
    let least = |bytes: &[u8], least| assert!(worst(&stream(bytes)).unwrap().0 >= least, "{bytes:?}");
    assert!(is_clean(&stream(&object_with(CLASS, "score", &loose))));
    assert!(is_clean(&stream(&[&b"]"[..], &loose, b"a"].concat())));
    // What an attribute calls is looked up by name.
    let mapping = object_with(CLASS, "keys", &loose);
    let with_argument =
        |argument: &[u8]| [&global("collections", "OrderedDict")[..], argument, b"\x85R"].concat();
    least(&with_argument(&mapping), Severity::High);
    least(
        &with_argument(&[&b"]"[..], &mapping, b"a"].concat()),
        Severity::High,
    );
    assert!(is_clean(&stream(&with_argument(b"]"))));
    // So do objects of Python itself, whatever they keep it as.
    least(
        &object_with(("logging", "NullHandler"), "stream", &loose),
        Severity::High,
    );
    least(
        &object_with(("argparse", "Namespace"), "score", &loose),
        Severity::High,
    );
    least(
        &object_with(("types", "SimpleNamespace"), "close", &global("builtins", "dict")),
        Severity::High,
    );
    let dtype = global("torch", "float32");
    assert!(is_clean(&stream(&object_with(
        ("argparse", "Namespace"),
        "dtype",
        &dtype
    ))));
    assert!(is_clean(&stream(&object_with(
        ("logging", "NullHandler"),
        "level",
        b"K\x01"
    ))));
    // The unpickler calls these on anything that is no list.
    for hook in ["append", "extend", "add"] {
        least(&object_with(CLASS, hook, &listed), Severity::High);
        least(&object_with(CLASS, hook, &global(HELD.0, HELD.1)), Severity::High);
        assert!(is_clean(&stream(&object_with(CLASS, hook, b"\x88"))));
    }
    // A function that may be held is not handed to what Python calls it with.
    let sorted_by = |module, name| call(module, name, &global(HELD.0, HELD.1));
    least(&sorted_by("collections", "Counter"), Severity::High);
    assert!(is_clean(&stream(&sorted_by("collections", "deque"))));
}

/// An object of a class that is made with these arguments.
fn made(class: (&str, &str), arguments: &[u8]) -> Vec<u8> {
    [&global(class.0, class.1)[..], b"(", arguments, b"tR"].concat()
}

#[test]
fn objects_that_answer_with_callables_are_handed_to_nobody() {
    let refused = |bytes: &[u8]| {
        let (severity, rule, ..) = worst(&stream(bytes)).unwrap();
        assert!(
            severity >= Severity::High && rule == "pickle-reflection",
            "{bytes:?}"
        );
    };
    let held = global(HELD.0, HELD.1);
    let namespace = |key: &str, value: &[u8]| object_with(("types", "SimpleNamespace"), key, value);
    // `numpy.exp(x)` calls `x.exp()`, `dict(x)` calls `x.keys()`, `UUID(x)` calls `x.replace(…)`.
    for callee in [
        ("builtins", "dict"),
        ("uuid", "UUID"),
        ("collections", "OrderedDict"),
        CLASS,
    ] {
        refused(&made(callee, &namespace("keys", &held)));
        refused(&made(
            callee,
            &namespace("keys", &object_with(CLASS, "score", &held)),
        ));
        refused(&made(
            callee,
            &[&b"]"[..], &namespace("keys", &held), b"a"].concat(),
        ));
    }
    assert!(is_clean(&stream(&made(
        CLASS,
        &namespace("penalty", &text("l2"))
    ))));
    // What looks at attributes of what it calls is given a name.
    let reconstructor = |base: &[u8]| {
        let arguments = [&global(CLASS.0, CLASS.1)[..], base, b"N"].concat();
        made(("copyreg", "_reconstructor"), &arguments)
    };
    refused(&reconstructor(&namespace("__new__", &text("x"))));
    assert!(is_clean(&stream(&reconstructor(&global("builtins", "object")))));
    // A universal function is called by nobody.
    let applied = stream(&made(("numpy", "exp"), &namespace("exp", b"K\x01")));
    assert_eq!(worst(&applied).unwrap().0, Severity::High);
    assert!(is_clean(&stream(&global("numpy", "exp"))));
}

#[test]
fn objects_of_libraries_are_handed_to_their_own_library_only() {
    let tree = object_with(CLASS, "coef_", b"K\x01");
    let refused = |bytes: &[u8]| assert_eq!(worst(&stream(bytes)).unwrap().0, Severity::High, "{bytes:?}");
    // Python would iterate over it, convert it, ask how long it is.
    for callee in [
        ("builtins", "list"),
        ("builtins", "tuple"),
        ("collections", "OrderedDict"),
    ] {
        refused(&made(callee, &tree));
    }
    // Kept as it is, in what is made of a list or of pairs.
    let list = [&b"]"[..], &tree, b"a"].concat();
    assert!(is_clean(&stream(&made(("builtins", "tuple"), &list))));
    refused(&made(("collections", "OrderedDict"), &list));
    let pairs = [&b"]]"[..], &text("key"), b"a", &tree, b"aa"].concat();
    assert!(is_clean(&stream(&made(("collections", "OrderedDict"), &pairs))));
    assert!(is_clean(&stream(&made(("sklearn.pipeline", "Pipeline"), &list))));
    refused(&made(("lightgbm.sklearn", "LGBMClassifier"), &list));
    // The same by a keyword.
    let with = |class: (&str, &str), value: &[u8]| {
        [
            &global(class.0, class.1)[..],
            b")}",
            &text("key"),
            value,
            b"s\x92",
        ]
        .concat()
    };
    refused(&with(("uuid", "UUID"), &tree));
    refused(&with(("lightgbm.sklearn", "LGBMClassifier"), &tree));
    assert!(is_clean(&stream(&with(CLASS, &text("l2")))));
}

#[test]
fn objects_of_libraries_are_neither_states_nor_parts() {
    let object = object_with(CLASS, "coef_", b"K\x01");
    let refused = |bytes: &[u8]| assert_eq!(worst(&stream(bytes)).unwrap().1, "pickle-reflection");
    // The unpickler asks a state for its items.
    let class = global(CLASS.0, CLASS.1);
    refused(&[&class[..], b")\x81", &object, b"b"].concat());
    refused(&[&class[..], b")\x81N", &object, b"\x86b"].concat());
    // `partial(dict, x)` is `dict(x)`, whoever calls it.
    let part = [
        &global("functools", "partial")[..],
        &global("builtins", "dict"),
        &object,
        b"\x86R",
    ]
    .concat();
    refused(&part);
    // A path is one also for a method that is kept.
    let method = attribute(CLASS.0, CLASS.1, true, "forward");
    let part = [
        &global("functools", "partial")[..],
        &method,
        &text("/x.so"),
        b"\x86R",
    ]
    .concat();
    refused(&part);
}

#[test]
fn items_do_not_follow_a_state_that_holds_callables() {
    let object = object_with(CLASS, "score", &global(HELD.0, HELD.1));
    for more in [&b"K\x01a"[..], b"(K\x01e", b"}b"] {
        let bytes = stream(&[&object, more].concat());
        assert_eq!(worst(&bytes).unwrap().1, "pickle-reflection", "{more:?}");
    }
    assert!(is_clean(&stream(&object)));
}

#[test]
fn addresses_of_arrays_are_refused() {
    for key in ["__array_interface__", "__cuda_array_interface__"] {
        let bytes = stream(&object_with(CLASS, key, b"}"));
        assert_eq!(worst(&bytes).unwrap().1, "pickle-object-rewrite");
    }
}

#[test]
fn functions_that_are_held_are_told_by_strict_profiles() {
    let bytes = stream(&global(HELD.0, HELD.1));
    let worst = |profile| {
        let mut settings = Settings::default();
        settings.profile = profile;
        let report = scan("a.pkl", bytes.clone().into(), &settings);
        report.findings.iter().map(|finding| finding.severity).max()
    };
    assert_eq!(worst(Profile::Default), None);
    assert_eq!(worst(Profile::Strict), Some(Severity::Medium));
    assert_eq!(worst(Profile::WeightsOnly), Some(Severity::High));
}

#[test]
fn what_a_call_finds_is_not_changed() {
    let changed = |found: &[u8]| [found, b"}", &text("level"), b"K\x01sb"].concat();
    let logger = call("logging", "getLogger", &text("root"));
    let taken = attribute("builtins", "str", false, "lower");
    for found in [&logger, &taken] {
        assert!(is_clean(&stream(found)));
        assert_eq!(
            worst(&stream(&changed(found))).unwrap().1,
            "pickle-object-rewrite"
        );
    }
}

#[test]
fn unlisted_classes_that_reach_out_are_refused() {
    let made = |module: &str, name: &str, argument: &str| stream(&call(module, name, &text(argument)));
    let severity = |bytes: &[u8]| worst(bytes).unwrap().0;
    assert_eq!(
        severity(&made("onnxruntime", "NoSuchClass", "x")),
        Severity::Medium
    );
    assert_eq!(
        severity(&made("onnxruntime", "NoSuchClass", "/x.onnx")),
        Severity::High
    );
    assert_eq!(
        severity(&made("gevent.subprocess", "Popen", "echo")),
        Severity::High
    );
}

/// `operator.methodcaller("write_text", "x")` applied to a path, behind functions that call their arguments.
#[test]
fn what_calls_its_arguments_is_given_names_only() {
    let tuple = |items: &[u8]| [b"(", items, b"t"].concat();
    let call = |module, name, items: &[u8]| [global(module, name), tuple(items), b"R".to_vec()].concat();
    let writer = call(
        "operator",
        "methodcaller",
        &[text("write_text"), text("x")].concat(),
    );
    let path = call("pathlib", "PosixPath", &text("/tmp/w"));
    let constructor = "__randomstate_ctor";
    let alias = call("types", "GenericAlias", &[writer.clone(), tuple(&path)].concat());
    let part = call("functools", "partial", &global("builtins", "print"));
    let state = [writer.clone(), tuple(&path), b"}N".to_vec()].concat();
    let rebuilt = [part, tuple(&state), b"b".to_vec()].concat();
    let list = [
        b"]".to_vec(),
        b"(".to_vec(),
        path.clone(),
        writer.clone(),
        b"e".to_vec(),
    ]
    .concat();
    let made = [
        global("numpy.random._pickle", constructor),
        call("builtins", "tuple", &list),
        b"R".to_vec(),
    ]
    .concat();
    for bytes in [
        writer,
        rebuilt.clone(),
        call(
            "numpy.random._pickle",
            constructor,
            &[path.clone(), alias].concat(),
        ),
        call("numpy.random._pickle", constructor, &[path, rebuilt].concat()),
        made,
    ] {
        assert!(worst(&stream(&bytes)).unwrap().0 >= Severity::High, "{bytes:?}");
    }
    let annotation = [global("builtins", "list"), tuple(&global("builtins", "int"))].concat();
    let annotation = stream(&call("types", "GenericAlias", &annotation));
    assert_eq!(worst(&annotation).unwrap().0, Severity::Info);
}

#[test]
fn a_protocol_that_does_not_exist_hides_nothing() {
    let harmless = scan("a", b"\x80\x06}q\x00.".to_vec().into(), &Settings::default());
    assert_eq!(harmless.findings[0].rule, "pickle-malformed");
    assert_eq!(harmless.findings[0].severity, Severity::Medium);
    let file = [
        &b"\x80\xff\x8c\x05posix\x8c\x06system\x93"[..],
        b"\x8c\x04true\x85R.",
    ]
    .concat();
    assert_eq!(worst(&file).unwrap().0, Severity::Critical);
}

#[test]
fn what_a_library_made_is_not_called() {
    let made = call("numpy.ma.extras", "_fromnxfunction", &text("fromfile"));
    assert!(is_clean(&stream(&made)));
    let called = [&made[..], &text("x"), b"\x85R"].concat();
    assert_eq!(worst(&stream(&called)).unwrap().0, Severity::High);
}

#[test]
fn functions_of_strangers_that_tell_what_they_do_are_refused() {
    let called = |name: &str| worst(&stream(&call("acme.tools", name, &text("x")))).unwrap().0;
    assert_eq!(called("run_command"), Severity::High);
    assert_eq!(called("rebuild"), Severity::Medium);
}

#[test]
fn a_second_stream_of_text_is_found_behind_a_harmless_one() {
    assert!(is_clean(b"(lp0\n."));
    let worst = worst(b"(lp0\n.cposix\nsystem\n(S'echo'\ntR.").unwrap();
    assert_eq!(worst.0, Severity::Critical);
}

#[test]
fn a_maker_of_generators_calls_what_it_is_given() {
    let made = |constructor: &[u8]| {
        let maker = global("numpy.random._pickle", "__generator_ctor");
        stream(&[&maker[..], &text("PCG64"), constructor, b"\x86R"].concat())
    };
    let worst = worst(&made(&global("tensorflow.tools.helper", "evaluate"))).unwrap();
    assert_eq!((worst.0, worst.1), (Severity::High, "pickle-unknown-import"));
    assert!(is_clean(&made(&global(
        "numpy.random._pickle",
        "__bit_generator_ctor"
    ))));
}

#[test]
fn harmless_names_that_are_asked_for_too_much_are_abuse() {
    let nothing = |module: &str, name: &str| [&global(module, name)[..], b")R"].concat();
    let range = |stop: &[u8]| call("builtins", "range", stop);
    let endless = nothing("itertools", "count");
    let wrapped = call("builtins", "enumerate", &endless);
    let (large, small) = (b"\x8a\x06\0\0\0\0\0\x01", b"K\x40");
    for bytes in [
        call("builtins", "list", &endless),
        call("builtins", "tuple", &wrapped),
        call("collections", "deque", &call("itertools", "cycle", b"]K\x01a")),
        call("builtins", "bytes", large),
        call("builtins", "set", &range(large)),
        call("numpy", "ndarray", &[&large[..], b"\x85"].concat()),
        call("fractions", "Fraction", &text("1e9999999999")),
    ] {
        assert_eq!(
            rules(&stream(&bytes), Severity::Medium),
            ["pickle-resource-abuse"]
        );
    }
    for bytes in [
        endless,
        call("builtins", "list", &range(small)),
        call("builtins", "bytes", small),
        call("collections", "deque", &call("itertools", "cycle", b"]")),
        call("numpy", "ndarray", &[&small[..], b"\x85"].concat()),
        call("fractions", "Fraction", &text("1e-3")),
        call("fractions", "Fraction", &text("1/3")),
    ] {
        assert!(is_clean(&stream(&bytes)), "{bytes:?}");
    }
}

/// A storage as the storages of tensors are pickled: a file of PyTorch's old format, in bytes.
fn old_storage(object: &[u8]) -> Vec<u8> {
    let file = [
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.",
        object,
        b"\x80\x02]U\x010a.",
        &1_u64.to_le_bytes(),
        &1.0_f32.to_le_bytes(),
    ];
    let file = file.concat();
    let length = u32::try_from(file.len()).unwrap().to_le_bytes();
    stream(&call(
        "torch.storage",
        "_load_from_bytes",
        &[b"B", &length[..], &file].concat(),
    ))
}

#[test]
fn bytes_that_hold_a_storage_are_judged_by_what_is_in_them() {
    let id = b"\x80\x02(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01NtQ.";
    assert!(is_clean(&old_storage(id)), "{:#?}", report(&old_storage(id)));
    let evil = old_storage(b"\x80\x02cposix\nsystem\nU\x01x\x85R.");
    let worst_of = |bytes: &[u8]| worst(bytes).map(|worst| (worst.0, worst.1));
    assert_eq!(
        worst_of(&evil),
        Some((Severity::Critical, "pickle-code-execution"))
    );
    // What is not there cannot be examined.
    let unknown = call("torch.storage", "_load_from_bytes", &call("a", "b", b"N"));
    assert_eq!(worst_of(&stream(&unknown)).unwrap().0, Severity::High);
}

#[test]
fn a_tuple_of_strings_is_no_compressed_stream() {
    // Its first two bytes are the header of one.
    let evil = b"(S'posi\\x78'\nS'system'\n\x93(S'x'\ntR.";
    assert_eq!(worst(evil).unwrap().0, Severity::Critical);
    assert!(is_clean(b"(S'\xe9\xe8'\np0\nS'x'\np1\ntp2\n."));
}

#[test]
fn numbers_that_only_the_slow_unpickler_reads_hide_nothing() {
    for number in ["1_0.5", " 1.5", "nan "] {
        let evil = format!("F{number}\n0cposix\nsystem\n(S'x'\ntR.");
        assert_eq!(worst(evil.as_bytes()).unwrap().0, Severity::Critical, "{number}");
    }
    assert!(is_clean(b"(lp0\nF1.5e-10\naFinf\na."));
}

#[test]
fn a_pickle_behind_bytes_of_no_format_is_found() {
    let evil = stream(&call("posix", "system", &text("x")));
    for junk in [&b"\0\0\0\0"[..], b"\n\n", b"\xef\xbb\xbf", b"hi\xff\xfe"] {
        let worst = worst(&[junk, &evil].concat()).unwrap();
        assert_eq!(worst.0, Severity::Critical, "{junk:?}");
    }
    let harmless = stream(b"]");
    let found = report(&[&b"\0\0\0\0"[..], &harmless].concat());
    assert!(found.findings.is_empty() && !found.coverage.is_complete());
}
