//! Chat templates: where they live, what is found in them, and where ordinary ones stay quiet.

use serde_json::json;
use weightlock_scan::{FileReport, Settings, Severity, scan};

const ESCAPE: &str = "{{ cycler.__init__.__globals__.os.popen('x').read() }}";
const PLAIN: &str = "{% for m in messages %}{{ m.role ~ ': ' ~ m.content }}{% endfor %}";

fn report(name: &str, text: &str) -> FileReport {
    scan(name, text.as_bytes().to_vec().into(), &Settings::default())
}

/// Trail, offset, rule and severity of each finding.
fn told(report: &FileReport) -> Vec<(String, Option<u64>, &'static str, Severity)> {
    let told = |finding: &weightlock_scan::Finding| {
        let place = &finding.place;
        (
            place.trail.to_string(),
            place.offset,
            finding.rule,
            finding.severity,
        )
    };
    report.findings.iter().map(told).collect()
}

#[track_caller]
fn quiet(name: &str, text: &str) {
    let report = report(name, text);
    assert!(report.coverage.is_complete(), "{text}\n{:?}", report.coverage);
    assert_eq!(told(&report), [], "{text}");
}

#[test]
fn templates_are_found_wherever_loaders_look() {
    for (file, text, trail) in [
        ("m/tokenizer_config.json", json!({"chat_template": ESCAPE}).to_string(), "!/chat_template"),
        (
            "m/tokenizer_config.json",
            json!({"chat_template": [{"name": "default", "template": PLAIN}, {"name": "rag", "template": ESCAPE}]})
                .to_string(),
            "!/chat_template[1].template",
        ),
        (
            "m/tokenizer_config.json",
            json!({"chat_template": {"default": PLAIN, "tool_use": ESCAPE}}).to_string(),
            "!/chat_template.tool_use",
        ),
        ("m/processor_config.json", json!({"a": {"chat_template": ESCAPE}}).to_string(), "!/a.chat_template"),
        ("m/chat_template.jinja", ESCAPE.to_owned(), ""),
        ("m/additional_chat_templates/rag.jinja", ESCAPE.to_owned(), ""),
        ("m/template.j2", format!("<s>{ESCAPE}"), ""),
        ("m/template.jinja", format!("{{\"a\": {ESCAPE}}}"), ""),
        ("m/template.jinja", format!("[\"{ESCAPE}\"]"), ""),
        ("m/template.jinja", format!("\u{1}{ESCAPE}"), ""),
    ] {
        let report = report(file, &text);
        let found = told(&report);
        let critical = found.iter().find(|(.., severity)| *severity == Severity::Critical);
        let (place, offset, rule, _) = critical.unwrap_or_else(|| panic!("{file} {text}: {found:?}"));
        assert_eq!((place.as_str(), *rule), (format!("{file}{trail}").as_str(), "template-code-execution"));
        assert!(offset.is_some());
    }
    for (file, text) in [
        (
            "m/tokenizer_config.json",
            json!({"chat_template": PLAIN}).to_string(),
        ),
        ("m/config.json", json!({"prompt": ESCAPE}).to_string()),
        ("m/README.md", ESCAPE.to_owned()),
        ("m/chat_template.jinja", PLAIN.to_owned()),
    ] {
        quiet(file, &text);
    }
}

#[test]
fn a_duplicate_key_hides_no_template() {
    for text in [
        format!(r#"{{"chat_template": "{ESCAPE}", "chat_template": "{PLAIN}"}}"#),
        format!(r#"{{"chat_template": "{PLAIN}", "\u0063hat_template": "{ESCAPE}"}}"#),
        // What follows a value is no JSON, and the value was seen.
        format!(r#"{{"chat_template": "{ESCAPE}"}} broken"#),
        format!(r#"{{"chat_template": "{ESCAPE}", "a": "#),
    ] {
        let found = told(&report("tokenizer_config.json", &text));
        assert!(
            found.iter().any(|(.., severity)| *severity == Severity::Critical),
            "{text}: {found:?}"
        );
        assert!(
            found.iter().any(|(_, _, rule, _)| *rule == "broken-format"),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn what_cannot_be_parsed_is_unread_and_reported() {
    for text in ["{{ a", "{% nonsense %}{{ x }}", &"{{ a }}".repeat(200_000)] {
        let report = report("chat_template.jinja", text);
        assert_eq!(told(&report)[0].2, "broken-format", "{text:.40}");
        assert_eq!(report.findings[0].severity, Severity::Medium);
    }
    let unread = report("chat_template.jinja", "{% nonsense %}{{ x }}").coverage;
    assert!(!unread.is_complete());
    // What came before the break stands.
    let found = told(&report(
        "chat_template.jinja",
        &format!("{ESCAPE}{{% nonsense %}}"),
    ));
    assert!(found.iter().any(|(.., severity)| *severity == Severity::Critical));
}

#[test]
fn each_rule_fires_and_its_neighbour_does_not() {
    use Severity::{High, Medium};
    for (hostile, rule, severity, harmless) in [
        (
            "{{ x.__class__ }}",
            "template-internal-access",
            High,
            "{{ x.class }}{{ '__class__' }}",
        ),
        (
            "{{ x._private }}",
            "template-internal-access",
            Medium,
            "{{ x['_private'] }}",
        ),
        (
            "{{ ''['__cl' ~ x] }}",
            "template-computed-name",
            High,
            "{{ y['tool_' ~ x] }}",
        ),
        (
            "{{ y|attr(x) }}",
            "template-computed-name",
            Medium,
            "{{ y|attr('role') }}",
        ),
        (
            "{{ '{0.__class__}'.format(x) }}",
            "template-format-string",
            High,
            "{{ '{0}'.format(x) }}",
        ),
        (
            "{{ '{0.role}'.format(x) }}",
            "template-format-string",
            Medium,
            "{{ '{:>4}'.format(x) }}",
        ),
        (
            "{% include '/etc/passwd' %}",
            "template-inclusion",
            High,
            "{{ 'include' }}",
        ),
        (
            "{{ __import__('os') }}",
            "template-python-function",
            High,
            "{{ strftime_now('%d') }}",
        ),
        (
            "{{ open('/etc/passwd') }}",
            "template-python-function",
            Medium,
            "{% macro open(x) %}{% endmacro %}{{ open(1) }}",
        ),
        (
            "{% for i in range(10**9) %}{% endfor %}",
            "template-resource-abuse",
            Medium,
            "{% for i in range(9) %}{% endfor %}",
        ),
    ] {
        let report = report("chat_template.jinja", hostile);
        let found = told(&report);
        let expected = |found: &(String, Option<u64>, &str, Severity)| found.2 == rule && found.3 == severity;
        assert!(found.iter().any(expected), "{hostile}: {found:?}");
        quiet("chat_template.jinja", harmless);
    }
}

/// Written in the manner of published templates, with every construct that they use.
#[test]
fn templates_in_the_manner_of_published_ones_are_quiet() {
    for text in [
        // Tools as signatures, dates, system messages: as Llama 3 has it.
        "{{- bos_token }}{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}{%- for t in tools %}{{- t | tojson(indent=4) }}{{- \"\\n\\n\" }}{%- endfor %}{%- for message in messages %}{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}{{- '<|start|>' + message['role'] + '<|end|>\\n\\n' + message['content'] | trim }}{%- elif 'tool_calls' in message %}{%- if not message.tool_calls|length == 1 %}{{- raise_exception('one call at once') }}{%- endif %}{%- set tool_call = message.tool_calls[0].function %}{%- for arg_name, arg_val in tool_call.arguments | items %}{{- arg_name + '=\"' + arg_val + '\"' }}{%- if not loop.last %}{{- ', ' }}{%- endif %}{%- endfor %}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}",
        // Reasoning that is cut away, walked backwards with a namespace: as Qwen 3 has it.
        "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}{%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}{%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}{%- for message in messages %}{%- set reasoning = '' %}{%- if '</think>' in message.content %}{%- set reasoning = message.content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}{%- if loop.last or (not loop.last and reasoning) %}{{- '<think>\\n' ~ reasoning.strip('\\n') ~ '\\n</think>' }}{%- endif %}{%- if loop.first or (messages[loop.index0 - 1].role != \"tool\") %}{{- '<|im_start|>user' }}{%- endif %}{%- endfor %}",
        // Alternation that is checked, arrays of contents, random ids: as Mistral has it.
        "{%- set loop_messages = messages %}{%- set user_messages = loop_messages | selectattr(\"role\", \"equalto\", \"user\") | list %}{%- set ns = namespace() %}{%- set ns.index = 0 %}{%- for message in loop_messages %}{%- if not (message.role == 'tool' or (message.tool_calls is defined and message.tool_calls is not none)) %}{%- if (message['role'] == 'user') != (ns.index % 2 == 0) %}{{- raise_exception('roles must alternate') }}{%- endif %}{%- set ns.index = ns.index + 1 %}{%- endif %}{%- endfor %}{%- for message in loop_messages %}{%- if message['content'] is iterable and message['content'] is not string %}{%- for chunk in message['content'] %}{%- if chunk['type'] == 'text' %}{{- chunk['text'] }}{%- elif chunk['type'] in ['image', 'image_url'] %}{{- '[IMG]' }}{%- endif %}{%- endfor %}{%- elif message.content is defined %}{{- ' ' + message.content|trim + eos_token }}{%- endif %}{%- for tool in tools %}{%- set tool = tool.function %}{{- '{\"name\": \"' + tool.name + '\", ' }}{%- for key, val in tool.items() if key != 'return' %}{%- if val is string %}{{- '\"' + key + '\": \"' + val + '\"' }}{%- else %}{{- '\"' + key + '\": ' + val|tojson }}{%- endif %}{%- if not loop.last %}{{- ', ' }}{%- endif %}{%- endfor %}{%- endfor %}{%- if message['tool_call_id']|length != 9 %}{{- raise_exception('ids have 9 characters') }}{%- endif %}{%- endfor %}",
        // Schemas rendered by macros that call themselves: as gpt-oss and Command R have it.
        "{%- macro render_type(spec, required, is_nullable=false) -%}{%- if spec.type == 'array' -%}{%- if spec['items'] -%}{%- if spec['items']['type'] == 'string' -%}{{- 'string[]' }}{%- else -%}{%- set inner = render_type(spec['items'], required) -%}{%- if inner|length > 50 -%}{{- 'any[]' }}{%- else -%}{{- inner + '[]' }}{%- endif -%}{%- endif -%}{%- endif -%}{%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}{%- if spec.type | length > 1 -%}{{- spec.type | join(' | ') }}{%- endif -%}{%- elif spec.oneOf -%}{%- for variant in spec.oneOf -%}{{- render_type(variant, required) -}}{%- if not loop.last -%}{{- ' | ' }}{%- endif -%}{%- endfor -%}{%- elif spec.type == 'object' -%}{%- if spec.properties -%}{%- for name, prop in spec.properties.items() -%}{{- name -}}{%- if name not in (spec.required or []) -%}{{- '?' }}{%- endif -%}{{- ': ' }}{{ render_type(prop, spec.required or []) }}{%- endfor -%}{%- endif -%}{%- endif -%}{%- endmacro -%}{%- macro render_tools(tools) -%}{%- for tool in tools %}{{- render_type(tool.function.parameters, []) }}{%- endfor %}{%- endmacro -%}{{ render_tools(tools) }}{%- call(x) render_tools(tools) %}{{ x }}{% endcall %}",
        // Roles by dictionary, generation marks, comments, line breaks: Gemma, Phi, Zephyr, SmolLM, granite.
        "{# os.system('x') and __class__ are only words here #}{% set role_map = {'user': 'user', 'assistant': 'model'} %}{% for message in messages %}{% set role = role_map[message['role']] if message['role'] in role_map else message['role'] %}{{ '<start_of_turn>' + role + '\\n' + (message['content'] | trim) + '<end_of_turn>\\n' }}{% if message.role == 'assistant' %}{% generation %}{{ message.content }}{% endgeneration %}{% endif %}{% if loop.index is divisibleby(2) %}{% continue %}{% endif %}{% endfor %}{% if add_generation_prompt is defined and add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}{% raw %}{{ not rendered }}{% endraw %}{% set available = documents | map(attribute='title') | unique | sort | join(', ') %}{% filter upper %}{{ available }}{% endfilter %}{% with x = messages | last %}{{ x.content[:100] ~ ('…' if x.content | length > 100 else '') }}{% endwith %}{{ '%s, %s' | format(a, b) }}{{ 'You may write `import os; os.system(\"ls\")` in Python.' }}",
    ] {
        quiet("chat_template.jinja", text);
        quiet(
            "tokenizer_config.json",
            &json!({ "chat_template": text }).to_string(),
        );
    }
}
