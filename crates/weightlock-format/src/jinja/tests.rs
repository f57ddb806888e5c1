use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|(_, problem)| panic!("{text}: {problem}"))
}

fn refused(text: &str) -> Problem {
    Template::parse(text).expect_err(text).1
}

#[test]
fn what_jinja_reads_is_read() {
    for text in [
        "",
        "plain { text } %} }} #}",
        "{{ a }}{{- a -}}{{ a.b[0]['c'](1, x=2, *y, **z) }}",
        "{{ {'a': {'b': 1}} }}{{ {} }}{{ [] }}{{ () }}{{ (1,) }}{{ 1, 2 }}",
        "{{ a if b else c if d else e }}{{ a if b }}",
        "{{ not a is defined and b not in c or d is not none }}",
        "{{ x is divisibleby 3 }}{{ x is sameas(y) }}{{ x is in [1, 2] }}{{ x is string and y }}",
        "{{ 'a' 'b' \"c\" ~ 1 + 2 * 3 // 4 % 5 ** 6 - -7 }}{{ -1|abs }}",
        "{{ a[1:] }}{{ a[:1] }}{{ a[::-1] }}{{ a[1:2:3] }}{{ a[1, 2] }}{{ a[] }}{{ a.0.1 }}",
        "{{ 1_000 }}{{ 0x5f }}{{ 1.5e3 }}{{ 1e-3 }}{{ 0 }}",
        "{{ a|b|c(1)|d(e=2).f[0]|g }}{{ (a|b)() }}{{ a|b.c }}",
        "{% for a, (b, c) in d if e %}x{% else %}y{% endfor %}{% for a in b recursive %}{{ loop(a) }}{% endfor %}",
        "{% for a in 1, 2, 3 %}{% break %}{% continue %}{% endfor %}{% for x in a or b %}{% endfor %}",
        "{% if a in not %}{% endif %}{% if a is string if %}{% endif %}{% for a in b: %}{% else: %}{% endfor %}",
        "{% if a %}{% elif b %}{% else %}{% endif %}",
        "{% set a = 1 %}{% set a, b = 1, 2 %}{% set ns.a = [1] %}{% set a | upper | trim %}x{% endset %}",
        "{%- macro m(a, b=1, c='x') -%}{{ caller() }}{%- endmacro -%}{% call(x) m(1) %}y{% endcall %}",
        "{% call m() %}y{% endcall %}{% filter upper %}x{% endfilter %}",
        "{% with a = 1, b = 2 %}{{ a }}{% endwith %}{% with %}{% endwith %}",
        "{% block a scoped %}{% endblock a %}{% autoescape true %}{% endautoescape %}",
        "{% generation %}x{% endgeneration %}{% do a.append(1) %}{% print a, b %}",
        "{% raw %}{{ a }{% if {% endraw %}{%- raw -%} x {%- endraw -%}",
        "{# {{ broken {% #}{#- x -#}",
        "{% import 'a' as b %}{% from 'a' import b as c with context %}{% include ['a', 'b'] ignore missing %}",
        "{% extends 'a' %}",
        "{{ '}}' }}{{ '%}' }}{% if '%}' %}{% endif %}",
        "{%+ if a +%}{% endif +%}",
    ] {
        parse(text);
    }
}

#[test]
fn what_jinja_refuses_is_refused_at_its_place() {
    for (text, offset) in [
        ("{{ }}", 3),
        ("{{ a b }}", 5),
        ("ab{{ a", 6),
        ("{{ ( }}", 5),
        ("{{ (] }}", 4),
        ("{{ 'a }}", 3),
        ("{{ '\\x5' }}", 3),
        ("{{ a.? }}", 5),
        ("{# a", 0),
        ("{% raw %}", 0),
        ("{% if a %}", 10),
        ("{% endif %}", 3),
        ("{% if a %}{% endfor %}", 13),
        ("{% else %}", 3),
        ("{% trans %}{% endtrans %}", 3),
        ("{% for a %}{% endfor %}", 9),
        ("{% set 1 = 2 %}", 7),
        ("{% set a.b.c = 2 %}", 10),
    ] {
        assert_eq!(refused(text).offset(), offset, "{text}");
    }
}

#[test]
fn what_came_before_a_fault_is_kept() {
    let (template, _) = Template::parse("{{ a.b }}{% nonsense %}").unwrap_err();
    assert_eq!(template.nodes().len(), 2);
}

#[test]
fn expressions_follow_those_that_they_are_made_of() {
    let template = parse("{{ a.b ~ 'c' }}");
    let [a, attribute, text, both] = template.nodes() else {
        panic!("{template:?}");
    };
    assert_eq!(a.expression, Expression::Name("a".to_owned()));
    let Expression::Attribute { of, name } = &attribute.expression else {
        panic!("{attribute:?}");
    };
    assert_eq!((of.index(), name.as_str(), attribute.offset), (0, "b", 5));
    assert_eq!(
        text.expression,
        Expression::Literal(Literal::Text("c".to_owned()))
    );
    assert_eq!(
        both.expression,
        Expression::Binary(Operator::Concatenate, NodeId(1), NodeId(2))
    );
}

#[test]
fn white_space_is_trimmed_as_loaders_trim_it() {
    let texts = |text: &str| -> Vec<String> {
        let statements = parse(text).statements;
        let texts = statements.into_iter().filter_map(|statement| match statement {
            Statement::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    };
    assert_eq!(texts("a \n{%- set x = 1 -%}\n b"), ["a", "b"]);
    assert_eq!(texts("a {% set x = 1 %}\n\nb"), ["a ", "\nb"]);
    assert_eq!(texts("a {{ x }}\nb{#- c -#} d"), ["a ", "\nb", "d"]);
    assert_eq!(texts("{% raw -%} {{ a }} {%- endraw %}\nb"), ["{{ a }}", "b"]);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{{{{ {}1{} }}}}", "(".repeat(depth), ")".repeat(depth));
    parse(&nested(150));
    for text in [
        nested(100_000),
        format!("{{{{ {}1 }}}}", "[".repeat(100_000)),
        format!("{{{{ a{} }}}}", " if a else a".repeat(50_000)),
        format!("{{{{ {}a }}}}", "a(".repeat(20_000)),
        "{% if a %}".repeat(100_000),
    ] {
        refused(&text);
    }
    // Long is not deep.
    parse(&format!("{{{{ a{} }}}}", "|b".repeat(20_000)));
    parse(&format!("{{{{ a{} }}}}", " ~ a".repeat(20_000)));
    parse(&format!("{{{{ {}a }}}}", "not ".repeat(20_000)));
    assert_eq!(refused(&"{{ a }}".repeat(200_000)).code(), reason::LIMIT);
}

fn noise() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " ", "a", "b", ".", "[", "]", "(", ")", "{", "}",
        "'x'", "\"", "\\", "1", "|", "is", "not", "in", "if", "else", "for", "endfor", "endif", "set",
        "endset", "=", ",", ":", "~", "*", "**", "macro", "endmacro", "raw", "endraw", "\n", "é", "call",
        "endcall", "with", "filter",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,200}") {
        let _ = Template::parse(&text);
    }

    #[test]
    fn noise_is_read_or_refused(text in noise()) {
        let template = match Template::parse(&text) {
            Ok(template) => template,
            Err((template, problem)) => {
                prop_assert!(problem.offset() <= text.len() as u64);
                template
            }
        };
        for node in template.nodes() {
            prop_assert!(node.offset <= text.len() as u64);
        }
    }
}
