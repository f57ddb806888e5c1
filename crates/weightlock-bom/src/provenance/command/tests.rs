use super::*;

const FOLDERS: Folders<'_> = Folders {
    work: Some("/home/ada/run"),
    home: Some("/home/ada"),
};
const LONG: &str = "abcdefghij0123456789abcdefghij0123";

fn all(arguments: &[&str]) -> Told {
    let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
    told(&arguments, FOLDERS)
}

fn tell(arguments: &[&str]) -> Vec<String> {
    all(arguments).words
}

#[test]
fn what_looks_like_a_secret_is_left_out() {
    for (given, expected) in [
        (&["--token", "abc"][..], &["--token", LEFT_OUT][..]),
        (&["--api-key=abc"], &["--api-key=(left out)"]),
        (
            &["AWS_SECRET_ACCESS_KEY=abc"],
            &["AWS_SECRET_ACCESS_KEY=(left out)"],
        ),
        (&["--hub_token", "abc", "x"], &["--hub_token", LEFT_OUT, "x"]),
        (&["--token", "--push"], &["--token", "--push"]),
        (&["hf_abcdefghijklmnopqrstuvwxyz"], &[LEFT_OUT]),
        (&["Bearer ghp_abcdefghijklmnopqrstuvwxyz"], &["Bearer (left out)"]),
        (&["https://u:p@example.org/x"], &["https://example.org/x"]),
        (&["git+https://u@example.org"], &["git+https://example.org"]),
        (&["https://`:it@d/x"], &["https://d/x"]),
        (&["https://a:b&c@d/x"], &["https://d/x"]),
        (&["model.api_key=abc"], &["model.api_key=(left out)"]),
        (
            &["+trainer.logger.token='a b'"],
            &["+trainer.logger.token=(left out)"],
        ),
        (
            &["env", "HF_TOKEN=abc", "python"],
            &["env", "HF_TOKEN=(left out)", "python"],
        ),
        (&["--env=HF_TOKEN=abc"], &["--env=HF_TOKEN=(left out)"]),
        (&["-e", "WANDB_API_KEY=abc"], &["-e", "WANDB_API_KEY=(left out)"]),
        (
            &["curl", "-H", "Authorization: Bearer a.b-c"],
            &["curl", "-H", "Authorization: Bearer (left out)"],
        ),
        (
            &["-H", "Authorization: abc"],
            &["-H", "Authorization: (left out)"],
        ),
        (&["-H", "X-Api-Key: abc"], &["-H", "X-Api-Key: (left out)"]),
        (&["-H", "Cookie: a=b; c=d"], &["-H", "Cookie: (left out)"]),
        (
            &["sh", "-c", "curl -H 'Cookie: a=b; c=d' x"],
            &["sh", "-c", "curl -H 'Cookie: (left out)' x"],
        ),
        (
            &["-H", "Authorization:Bearer abc"],
            &["-H", "Authorization:Bearer (left out)"],
        ),
        (
            &["launch", "x", "mysql", "-pit"],
            &["launch", "x", "mysql", "-p(left out)"],
        ),
        (&["--api-key", "-abcdefghijklm"], &["--api-key", LEFT_OUT]),
        (
            &["https://hooks.slack.com/services/T0/B0/abc"],
            &["https://hooks.slack.com/services/(left out)"],
        ),
        (&["Basic", "dXNlcjpwYXNz"], &["Basic", LEFT_OUT]),
        (&["curl", "-u", "me:it"], &["curl", "-u", LEFT_OUT]),
        (&["curl", "--user=me:it"], &["curl", "--user=(left out)"]),
        (&["curl", "-ume:it"], &["curl", "-u(left out)"]),
        (
            &["mysql", "-pit", "-h", "x"],
            &["mysql", "-p(left out)", "-h", "x"],
        ),
        (
            &["sshpass", "-p", "it", "ssh"],
            &["sshpass", "-p", LEFT_OUT, "ssh"],
        ),
        (
            &["docker", "login", "-u", "me", "-p", "it"],
            &["docker", "login", "-u", "me", "-p", LEFT_OUT],
        ),
        (
            &["https://h/x?a=b&token=c&d=e"],
            &["https://h/x?a=b&token=(left out)&d=e"],
        ),
        (
            &["https://h/x?sv=1&sig=ab%3D&X-Amz-Signature=cd"],
            &["https://h/x?sv=1&sig=(left out)&X-Amz-Signature=(left out)"],
        ),
        (
            &["--key", "x", "openai_key=abcDEF0123456789xyz"],
            &["--key", "x", "openai_key=(left out)"],
        ),
        (
            &[r#"{"lr":1,"api_key":"abc"}"#],
            &[r#"{"api_key":"(left out)","lr":1}"#],
        ),
        (
            &[r#"--config={"a":{"token":["x",{"b":"y"}]}}"#],
            &[r#"--config={"a":{"token":["(left out)",{"b":"(left out)"}]}}"#],
        ),
        (&["{api_key:abc,lr:1}"], &["{api_key:(left out),lr:1}"]),
        (&[r#"{"api_key": "a b","#], &[r#"{"api_key": "(left out)","#]),
        (
            &[
                "sh",
                "-c",
                "export HF_TOKEN=abc; python t.py --lr 1 --token \"a b\" --epochs 3",
            ],
            &[
                "sh",
                "-c",
                "export HF_TOKEN=(left out); python t.py --lr 1 --token \"(left out)\" --epochs 3",
            ],
        ),
        (
            &["sh", "-c", "cd x && curl -u me:it h"],
            &["sh", "-c", "cd x && curl -u (left out) h"],
        ),
        (
            &["-c", "password = 'abc'; lr = 1"],
            &["-c", "password = '(left out)'; lr = 1"],
        ),
        (&["--password", "true"], &["--password", LEFT_OUT]),
    ] {
        assert_eq!(tell(given), expected, "{given:?}");
    }
}

#[test]
fn tokens_are_left_out_wherever_they_stand() {
    let web = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{LONG}");
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{LONG}\n-----END OPENSSH PRIVATE KEY-----");
    for secret in [
        format!("hf_{LONG}"),
        format!("ghp_{LONG}"),
        format!("github_pat_11AB_{LONG}"),
        "glpat-abc_DEF-ghi_JKL-mno_".to_owned(),
        format!("sk-{LONG}"),
        format!("sk-proj-{LONG}"),
        format!("sk-ant-api03-{LONG}"),
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        format!("xoxb-123-{LONG}"),
        format!("nvapi-{LONG}"),
        format!("wandb_v1_{LONG}"),
        web,
        key,
    ] {
        for argument in [
            secret.clone(),
            format!("--name={secret}"),
            format!("x:{secret},y"),
            format!("echo {secret} | cat"),
            serde_json::json!({ "note": secret }).to_string(),
            format!("https://h/{secret}/x"),
        ] {
            let found = all(&[&argument]);
            assert!(
                !found.words[0].contains(LONG) && !found.words[0].contains("mno_"),
                "{argument}: {found:?}"
            );
            assert!(!found.words[0].contains("EXAMPLE"), "{found:?}");
            assert_eq!(found.left_out, 1, "{argument}: {found:?}");
            assert!(found.words[0].contains(LEFT_OUT), "{found:?}");
        }
    }
    let cut = format!("-----BEGIN RSA PRIVATE KEY-----\n{LONG}");
    assert_eq!(tell(&[&cut]), [LEFT_OUT]);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(
        tell(&["wandb", "login", "--relogin", commit]),
        ["wandb", "login", "--relogin", LEFT_OUT]
    );
    assert_eq!(tell(&["git", "checkout", commit]), ["git", "checkout", commit]);
}

#[test]
fn what_does_not_is_told() {
    for argument in [
        "train.py",
        "--learning-rate=2e-5",
        "--tokenizer",
        "--max-new-tokens=5",
        "--max_tokens=512",
        "--tokenizer-path=x",
        "tokenizer=acme/base",
        "--pad_token=<pad>",
        "eos_token_id=2",
        "--use_auth_token=True",
        "--key-size=2048",
        "--key=release.key",
        "--num_key_value_heads=8",
        "sk-learn",
        "sk-learn-pipeline-experiment-12345",
        "hf_transformers_finetune_run_2026",
        "https://example.org/a@b",
        "https://example.org/x?lr=1&epochs=3#top",
        "s3://bucket/key/with:colon",
        "a=b",
        "",
        "python -c 'print(\"lr = 1\")'",
        r#"{"lr": 1, "b": [1, 2], "tokenizer": {"pad_token": "<pad>"}}"#,
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        "for x in a b; do echo $x; done",
        "--signature_def=serving_default",
        "2026-06-01T00:00:00Z",
        "basic training of tokens",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ] {
        let found = all(&[argument]);
        assert_eq!(found.words, [argument], "{argument}");
        assert_eq!(found.left_out, 0, "{argument}");
    }
    for arguments in [
        &["--max-tokens", "512"][..],
        &["--pad-token", "<pad>"],
        &["--lr", "1e-4"],
        &["--key-size", "2048"],
        &["docker", "run", "-p", "8080:80"],
        &["docker", "login", "--password-stdin", "registry"],
        &["mkdir", "-p", "out"],
        &["python", "-m", "zip", "-P", "4"],
        &["--password-file", "secret.txt"],
        &["git", "log", "-p", "main"],
    ] {
        assert_eq!(tell(arguments), arguments);
    }
}

#[test]
fn parameters_are_told_alike() {
    let value =
        serde_json::json!({"lr": 1, "hub": {"token": "abc", "url": "https://u:p@h/x"}, "at": "/home/ada/x"});
    let (told, left_out) = parameter("config", &value, FOLDERS);
    assert_eq!(
        told,
        serde_json::json!({"lr": 1, "hub": {"token": LEFT_OUT, "url": "https://h/x"}, "at": "~/x"})
    );
    assert_eq!(left_out, 2);
    assert_eq!(
        parameter("api_key", &Value::from("x"), FOLDERS),
        (Value::from(LEFT_OUT), 1)
    );
    assert_eq!(
        parameter("max_tokens", &Value::from(5), FOLDERS),
        (Value::from(5), 0)
    );
}

#[test]
fn the_users_folders_are_not_told() {
    for (given, expected) in [
        ("/home/ada/run/out", "./out"),
        ("--out=/home/ada/run", "--out=."),
        ("/home/ada/data", "~/data"),
        ("/home/adam/data", "/home/adam/data"),
        ("/mnt/home/ada/data", "/mnt/home/ada/data"),
        ("/home/ada/run:/home/ada/x", ".:~/x"),
    ] {
        assert_eq!(tell(&[given]), [expected], "{given}");
    }
}
