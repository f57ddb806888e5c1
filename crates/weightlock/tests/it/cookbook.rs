//! The pages about policies and pipelines are true: every recipe is read and its cases judged, every command runs.

use std::{collections::BTreeSet, fs};

use weightlock_peers::sigstore::{Account, Rekor, Sigstore};

use crate::{
    documents::{assert_printed, console, run},
    run::{Place, key, repository},
};

fn document(name: &str) -> String {
    fs::read_to_string(repository().join("docs").join(name)).unwrap()
}

/// The blocks of a language in a section.
fn blocks<'t>(section: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}\n");
    let parts = section.split(fence.as_str()).skip(1);
    parts.map(|part| part.split("\n```").next().unwrap()).collect()
}

/// Keys for every identity that a policy names: whoever has a name has a key of their own.
fn keys(place: &Place, policy: &str) {
    const KEYS: [&str; 4] = ["p256", "p384", "p521", "other-p256"];
    let names: BTreeSet<&str> = policy
        .lines()
        .filter_map(|line| line.strip_prefix("key = \"")?.strip_suffix(".pub\""))
        .collect();
    assert!(names.len() <= KEYS.len());
    for (name, file) in names.iter().zip(KEYS) {
        for (ending, kind) in [("pub", "pub"), ("key", "key")] {
            fs::copy(
                key(&format!("{file}.{kind}.pem")),
                place.path(&format!("{name}.{ending}")),
            )
            .unwrap();
        }
    }
}

/// Each recipe of the cookbook is a policy, with a case that is let through and one that is not.
#[test]
fn every_recipe_of_the_cookbook_does_what_it_says() {
    let text = document("policy-cookbook.md");
    let mut sections = text.split("\n## ");
    let commands = console(sections.next().unwrap());
    assert_eq!(commands.len(), 2, "policy check and policy test");
    let mut recipes = 0;
    for section in sections {
        let name = section.lines().next().unwrap();
        let [policy, cases] = [blocks(section, "toml"), blocks(section, "yaml")].map(|found| {
            <[&str; 1]>::try_from(found).unwrap_or_else(|_| panic!("{name}: one block each"))[0]
        });
        for outcome in ["expect: allow", "expect: deny"] {
            assert!(cases.contains(outcome), "{name} has no case with {outcome}");
        }
        let place = Place::new();
        keys(&place, policy);
        place.write("policy.toml", policy);
        place.write("cases.yaml", cases);
        place.write("waivers.toml", "version = 1\n");
        for one in commands.iter().chain(&console(section)) {
            let ran = run(&place, &one.command);
            assert_eq!(ran.code, 0, "{name}: {}: {ran:#?}", one.command);
        }
        recipes += 1;
    }
    assert!(recipes >= 14, "only {recipes} recipes");
}

/// A recipe that is spoiled is noticed: the test above can fail.
#[test]
fn a_recipe_whose_demand_is_gone_fails_its_cases() {
    let text = document("policy-cookbook.md");
    let section = text.split("\n## ").nth(1).unwrap();
    let place = Place::new();
    let policy = blocks(section, "toml")[0];
    keys(&place, policy);
    place.write("policy.toml", policy.replace("signature = true\n", ""));
    place.write("cases.yaml", blocks(section, "yaml")[0]);
    let ran = run(&place, "weightlock policy test --policy policy.toml cases.yaml");
    assert_eq!(ran.code, 1, "{ran:#?}");
}

const CARD: &str = "---\nlicense: apache-2.0\n---\n# A model\n\n## Intended use\n\nTests.\n\n## Training data\n\nNumbers.\n\n\
    ## Evaluation results\n\nNone.\n\n## Limitations\n\nIt knows nothing.\n";

/// S147: the whole page, keyless by a stand-in for Sigstore with real certificates and logs.
#[test]
fn the_smallest_pipeline_runs_as_it_is_written() {
    let text = document("minimum-pipeline.md");
    let sigstore = Sigstore::start();
    let workflow = Account::github("acme/model", "release.yml", "refs/tags/v1", "push");
    let place = Place::with_model();
    fs::rename(place.path("m"), place.path("model")).unwrap();
    place.write("model/README.md", CARD);
    place.write("trust.json", sigstore.trust_config(Rekor::First));
    place.write("root.json", sigstore.trusted_root());
    place.write("token", sigstore.token(&workflow));
    place.write(
        "grype.json",
        r#"{"matches": [], "descriptor": {"name": "grype"}}"#,
    );
    let [policy] = <[&str; 1]>::try_from(blocks(&text, "toml")).unwrap();
    keys(&place, policy);
    // The page names the public issuer; here another one vouches, of a Sigstore of its own.
    let issuer = format!("issuer = \"{}\"\nroot = \"root.json\"", sigstore.issuer());
    let public = "issuer = \"https://token.actions.githubusercontent.com\"";
    assert!(policy.contains(public));
    place.write("policy.toml", policy.replace(public, &issuer));
    let shown = console(&text);
    assert!(shown.len() >= 10, "{} commands", shown.len());
    for one in shown {
        let ran = run(&place, &one.command);
        let refused = one.output.iter().any(|line| line.starts_with("error["));
        assert_eq!(ran.code != 0, refused, "{}: {ran:#?}", one.command);
        assert_printed(&one.output, &format!("{0}{1}{0}", ran.stderr, ran.stdout), true);
    }
}

/// S152: the list of a delivery runs as it is written, and a delivery that lacks something is refused.
#[test]
fn the_acceptance_list_of_a_delivery_runs_and_can_refuse() {
    const RESULTS: &str = "model-index:\n- name: delivery\n  results:\n  - task: {type: text-generation}\n    dataset: \
                           {name: arithmetic, type: arithmetic}\n    metrics: [{type: accuracy, value: 0.93}]\n";
    let text = document("vendor-clause.md");
    let place = Place::with_model();
    fs::rename(place.path("m"), place.path("delivery")).unwrap();
    place.write(
        "delivery/README.md",
        CARD.replace(
            "license: apache-2.0\n",
            &format!("license: apache-2.0\n{RESULTS}"),
        ),
    );
    let [policy] = <[&str; 1]>::try_from(blocks(&text, "toml")).unwrap();
    keys(&place, &format!("{policy}\nkey = \"intake.pub\""));
    place.write("policy.toml", policy);
    place.write("builders.yaml", blocks(&text, "yaml")[0]);
    place.write(
        "description.yaml",
        "version: 1\nbuild-type: train\nbuilder: https://builders.vendor.example/farm\n",
    );
    for made in [
        "sign --key vendor.key delivery",
        "bom --sign --key vendor.key delivery",
        "card sign --key vendor.key delivery",
        "attest provenance --description description.yaml --key vendor.key delivery",
        "attest evaluation --key vendor.key delivery",
    ] {
        run(&place, &format!("weightlock {made}")).yes();
    }
    let shown = console(&text);
    for one in &shown {
        let ran = run(&place, &one.command);
        let refused = one.output.iter().any(|line| line.starts_with("error["));
        assert_eq!(ran.code != 0, refused, "{}: {ran:#?}", one.command);
        let printed = format!("{0}{1}{0}", ran.stderr, ran.stdout);
        assert_printed(&one.output, &printed, true);
    }
    // One file more than was delivered: each point that rests on the bytes says no.
    place.write("delivery/extra.py", "print(1)\n");
    for verb in [
        "verify --key",
        "verify-attestation --type bom",
        "slsa verify",
        "gate --policy",
    ] {
        let one = shown.iter().find(|one| one.command.contains(verb)).unwrap();
        assert_ne!(run(&place, &one.command).code, 0, "{}", one.command);
    }
}
