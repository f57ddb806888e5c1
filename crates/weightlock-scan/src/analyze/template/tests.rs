use proptest::prelude::*;

use super::{flow, *};
use crate::observation::template::{Seen, Unknown, Work};

fn seen(text: &str) -> Vec<Seen> {
    let template = jinja::Template::parse(text).unwrap_or_else(|(_, problem)| panic!("{text}: {problem}"));
    let outcome = flow::follow(&template);
    assert!(!outcome.exhausted, "{text}");
    outcome.seen.into_iter().map(|(_, seen)| seen).collect()
}

/// Whether an internal name was found out, or seen to be hidden.
fn is_caught(seen: &[Seen]) -> bool {
    seen.iter().any(|seen| {
        matches!(
            seen,
            Seen::Name {
                is_internal: true,
                ..
            } | Seen::UnknownName {
                why: Unknown::Assembled | Unknown::Representation,
                ..
            } | Seen::Format { .. }
        )
    })
}

#[test]
fn internal_names_are_found_however_they_are_written() {
    for text in [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
        "{{ ''['\\137\\137class\\u005f\\N{LOW LINE}'] }}",
        "{{ ''['__cla' 'ss__'] }}",
        "{{ ''['__cla' + 'ss__'] }}",
        "{{ ''['__cla' ~ 'ss__'] }}",
        "{{ ''|attr('__class__') }}",
        "{{ ''|attr(['__cl', 'ass__']|join) }}",
        "{{ ''|attr('__ssalc__'[::-1]) }}",
        "{{ ''|attr('__ssalc__'|reverse) }}",
        "{{ ''|attr('%s%s%s'|format('__', 'class', '__')) }}",
        "{{ ''|attr('%c%cclass%c%c' % (95, 95, 95, 95)) }}",
        "{{ ''|attr('{0}{0}class{0}{0}'.format('_')) }}",
        "{{ ''|attr('{:c}{:c}class__'.format(95, 95)) }}",
        "{{ ''|attr('__CLASS__'|lower) }}",
        "{{ ''|attr('xxclassxx'|replace('x', '_')) }}",
        "{{ ''|attr('xxclassxx'.replace('x', '_')) }}",
        "{{ ''|attr('__class__ '.strip()) }}",
        "{{ ''|attr(dict(__cla=1, ss__=2)|join) }}",
        "{{ ''|attr(dict(__class__=x)|list|first) }}",
        "{{ ''|attr({'a': '__class__'}['a']) }}",
        "{{ ''|attr({'a': '__class__'}.a) }}",
        "{{ ''|attr({'a': '__class__'}.get('a')) }}",
        "{{ ''|attr(['x', '__class__'][1]) }}",
        "{{ ''|attr(['x', '__class__']|last) }}",
        "{{ ''|attr('__class__,x'.split(',')[0]) }}",
        "{{ ''|attr('__class__' if messages else 'upper') }}",
        "{{ ''|attr(messages and '__class__') }}",
        "{{ ''|attr('_' * 2 ~ 'class' ~ '_' * 2) }}",
        "{{ ''|attr(('__class__')|string|trim|e) }}",
        "{{ ''|attr(['__CLASS__']|map('lower')|first) }}",
        "{{ ''|attr('-'.join(['__class__'])) }}",
        "{{ ''|attr(x|default('__class__')) }}",
        "{{ ''|attr(x.y|d('__class__', true)) }}",
        "{{ ''[messages[0].role[:0] ~ '__class__'] }}",
        "{{ ''|attr('__' ~ tool ~ '__') }}",
        "{{ [x]|map(attribute='__class__')|list }}",
        "{{ [x]|map(attribute='a.__class__')|list }}",
        "{{ [x]|map('attr', '__class__')|list }}",
        "{{ [x]|selectattr('__class__')|list }}",
        "{{ [x]|sum(attribute='__class__') }}",
        "{{ [x]|sort(attribute='__class__') }}",
        "{{ [x]|groupby('__class__') }}",
        "{{ [x]|join(',', attribute='__class__') }}",
        "{% set a = '__cla' %}{% set b = a ~ 'ss__' %}{{ ''|attr(b) }}",
        "{{ ''|attr(b) }}{% set b = '__class__' %}",
        "{% set a, b = '__cla', 'ss__' %}{{ ''[a ~ b] }}",
        "{% set ns = namespace(a='__cla') %}{% set ns.b = ns.a ~ 'ss__' %}{{ ''[ns.b] }}",
        "{% set ns = namespace(s='') %}{% for c in ['_', '_', 'c', 'l', 'a', 's', 's', '_', '_'] %}{% set ns.s = ns.s ~ c %}{% endfor %}{{ ''|attr(ns.s) }}",
        "{% set l = [] %}{% for c in '__class__' %}{% set _ = l.append(c) %}{% endfor %}{{ ''[l|join] }}",
        "{% set a %}__class__{% endset %}{{ ''|attr(a) }}",
        "{% set a %}__{{ 'class' }}__{% endset %}{{ ''|attr(a) }}",
        "{% set a %}__{% if x %}class{% else %}init{% endif %}__{% endset %}{{ ''|attr(a) }}",
        "{% set a | lower %}__CLASS__{% endset %}{{ ''|attr(a) }}",
        "{% set a | replace('x', '_') | trim %} xxclassxx {% endset %}{{ ''[a] }}",
        "{% macro m() %}__class__{% endmacro %}{{ ''|attr(m()) }}",
        "{% macro m(x) %}{{ ''|attr(x) }}{% endmacro %}{{ m('__class__') }}",
        "{% macro m(x='__class__') %}{{ ''|attr(x) }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ ''|attr(varargs[0]) }}{% endmacro %}{{ m('__class__') }}",
        "{% macro m() %}{{ ''|attr(kwargs.a) }}{% endmacro %}{{ m(a='__class__') }}",
        "{% macro m() %}{{ ''|attr(caller()) }}{% endmacro %}{% call m() %}__class__{% endcall %}",
        "{% macro m() %}{{ caller('__class__') }}{% endmacro %}{% call(x) m() %}{{ ''|attr(x) }}{% endcall %}",
        "{% with a = '__class__' %}{{ ''|attr(a) }}{% endwith %}",
        "{% for a in ['__class__'] %}{{ ''|attr(a) }}{% endfor %}",
        "{% for k, v in {'a': '__class__'}.items() %}{{ ''|attr(v) }}{% endfor %}",
        "{% for k, v in {'a': '__class__'}|dictsort %}{{ ''|attr(v) }}{% endfor %}",
        "{{ ''|attr(cycler('__class__').next()) }}",
        "{{ ''|attr((()|select|string)[24] ~ 'x') }}",
        "{% set s = lipsum|string %}{{ ''|attr(s[18] ~ s[18] ~ 'class') }}",
        "{{ ''|attr((self ~ '')[1]) }}",
        "{{ ''|attr('%s' % cycler) }}",
        "{{ cycler.__init__ }}",
        "{{ (messages|select).gi_frame }}",
        "{{ self._TemplateReference__context }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ '{0[__class__]}'.format(x) }}",
        "{{ (x ~ y).format(z) }}",
        "{{ ('{0.__cla' ~ 'ss__}').format(x) }}",
        "{{ '{0.a}'.format_map(x) }}",
        "{{ ('{0.__class__}'|attr('format'))(x) }}",
        "{% set f = '{0.__class__}'.format %}{{ f(x) }}",
        "{{ ['{0.__class__}']|map('attr', 'format')|list }}",
        "{{ x|attr('format') }}",
        "{% filter attr('__class__') %}x{% endfilter %}",
        "{% macro f(a) %}{{ ''|attr(a) }}{% endmacro %}{% set g = f %}{{ g('__class__') }}",
        "{% macro f(a) %}{{ ''|attr(a) }}{% endmacro %}{{ f(**{'a': '__class__'}) }}",
        "{% set j = joiner('__class__') %}{{ j() }}{{ ''|attr(j()) }}",
        "{% for x in [['__class__']] recursive %}{% if x is string %}{{ ''[x] }}{% else %}{{ loop(x) }}{% endif %}{% endfor %}",
        "{{ messages|sum('__class__') }}",
        "{{ messages|sort(false, false, '__class__') }}",
        "{{ messages|unique(false, '__class__')|list }}",
        "{{ messages|map(**{'attribute': '__class__'})|list }}",
        "{{ ''|attr(*['__class__']) }}",
        "{{ ''|attr(name='__class__') }}",
        "{{ [x]|map('map', 'attr', '__class__')|list }}",
        "{{ [x]|map('selectattr', '__class__')|list }}",
        "{% block a %}__class__{% endblock %}{{ ''[self.a()] }}",
        "{{ ''[('-class' ~ '--')|replace('-', messages[0].x)] }}",
        "{% for x in y if x.__class__ %}{% endfor %}",
        "{% if x.__class__ %}{% endif %}{% do x.__class__ %}",
        "{{ x[1:x.__class__] }}",
    ] {
        let seen = seen(text);
        assert!(is_caught(&seen), "{text}: {seen:?}");
    }
}

#[test]
fn what_lies_behind_the_insides_is_told() {
    for text in [
        "{{ cycler.__init__.__globals__.os.popen('x').read() }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{{ x()._module.__builtins__['__import__']('os') }}{% endfor %}",
        "{% set b = ''.__class__ %}{{ b.mro()[1]['os'] }}",
        "{% set b = ''|attr('__class__') %}{% set c = [b] %}{{ c[0]|attr('system') }}",
        "{% macro m(x) %}{{ x.popen('ls') }}{% endmacro %}{{ m(lipsum.__globals__) }}",
    ] {
        let reached = |seen: &Seen| matches!(seen, Seen::Name { reached: true, .. });
        assert!(seen(text).iter().any(reached), "{text}");
    }
}

#[test]
fn ordinary_templates_are_quiet() {
    for text in [
        "{# x.__class__ #}{{ 'os.system __import__ {0.__class__}' }}{{ \"__class__\" }}",
        "{% raw %}{{ x.__class__ }}{% endraw %}{{ x }}.__class__",
        "{{ message['role'] }}{{ messages[0].content[1:] }}{{ messages[-1]['content'] }}{{ messages[loop.index0 + 1] }}",
        "{% for m in messages[::-1] %}{{ (messages|length - 1) - loop.index0 }}{{ messages[messages|length - loop.index] }}{% endfor %}",
        "{% for key in ['a', 'b'] %}{{ tool[key] }}{% endfor %}{% for k, v in tool|items %}{{ args[k] }}{% endfor %}",
        "{% set ns = namespace(i=0, s='') %}{% for m in messages %}{% set ns.i = ns.i + 1 %}{{ messages[ns.i].role }}{% endfor %}",
        "{% set r = {'user': 'U', 'system': 'S'} %}{{ r[message.role] }}{{ r.get(message.role, 'x') }}",
        "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join('_') }}",
        "{{ messages|map(attribute='function.name')|list|last }}{{ tool|tojson(indent=4) }}",
        "{{ '%s_%02d' % (x, 3) }}{{ '%s'|format(x) }}{{ '{}: {}'.format(x, y) }}{{ '{0}'.format(x) }}{{ '{a:>4}'.format(a=x) }}",
        "{{ message.content.split('</think>')[-1].lstrip('\\n') }}{{ message.content.split('__')[0] }}",
        "{{ raise_exception('a') }}{{ strftime_now('%d %b') }}{{ loop.previtem.role }}{{ loop.cycle('a', 'b') }}",
        "{{ param.format }}{{ param['format'] }}{{ param.format is defined }}",
        "{% macro r(x) %}{% if x is mapping %}{{ r(x.items) }}{% endif %}{% endmacro %}{{ r(tools) }}",
        "{{ '_' ~ x }}{{ '__' * 3 }}{{ 'class' ~ x }}{% set s = '__' %}{{ s ~ x ~ s }}",
        "{% for _ in range(3) %}{{ _ }}{% endfor %}{{ x|map('trim')|list }}",
        "{% set seps = ['a', 'b'] %}{{ seps[loop.index0 % 2] }}{{ m[('a' if x else 'b')] }}{{ m['a' ~ loop.index] }}",
        "{% set s = s ~ s if x else s %}{% set out = out + x %}",
        "{{ x[tools[0]] }}{{ x[name|lower] }}{{ x[('a b')|title] }}{{ t['tool_' ~ name] }}",
    ] {
        assert_eq!(seen(text), [], "{text}");
    }
}

#[test]
fn work_is_measured() {
    let work = |text: &str| {
        seen(text).into_iter().find_map(|seen| match seen {
            Seen::Work { work, .. } => Some(work),
            _ => None,
        })
    };
    for (text, expected) in [
        ("{% for i in range(1000000000) %}{% endfor %}", Some(Work::Range)),
        ("{% for i in range(10**9) %}{% endfor %}", Some(Work::Range)),
        (
            "{% set n = 99999 * 99999 %}{% for i in range(0, n) %}{% endfor %}",
            Some(Work::Range),
        ),
        ("{{ 'a' * 10**9 }}", Some(Work::Repetition)),
        ("{{ 10**1000000000 }}", Some(Work::Repetition)),
        ("{{ 'a'.ljust(1000000000) }}{{ x }}", Some(Work::Repetition)),
        ("{{ 'a'|center(1000000000) }}", Some(Work::Repetition)),
        ("{{ '%1000000000d'|format(1) }}", Some(Work::Repetition)),
        ("{{ '{:>1000000000}'.format(1) }}", Some(Work::Repetition)),
        ("{{ lipsum(n=100000) }}", Some(Work::Repetition)),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}",
            Some(Work::Loops),
        ),
        (
            "{% set x = 'a' %}{% for i in range(99) %}{% set x = x ~ x %}{% endfor %}",
            Some(Work::Doubling),
        ),
        (
            "{% for m in messages %}{% for i in range(10) %}{% for j in range(100) %}{% endfor %}{% endfor %}{% endfor %}",
            None,
        ),
        ("{{ '=' * 80 }}{{ 2**10 }}{{ x|indent(4) }}", None),
    ] {
        assert_eq!(work(text), expected, "{text}");
    }
    assert_eq!(work(&"{% set x = x ~ x %}".repeat(40)), Some(Work::Doubling));
}

#[test]
fn following_is_bounded() {
    let chain: String = (0..2000)
        .map(|n| format!("{{% set a{n} = a{} %}}", n + 1))
        .collect();
    let many: String = (0..5000).map(|n| format!("{{% set a = a ~ 'x{n}' %}}")).collect();
    for text in [
        chain,
        many,
        format!("{{{{ {} }}}}", vec!["'a'"; 30_000].join(" ~ ")),
    ] {
        let template = jinja::Template::parse(&text).unwrap();
        let _ = flow::follow(&template);
    }
}

#[test]
fn templates_are_told_by_their_names() {
    for (trail, name) in [
        ("m/chat_template.jinja", Some("default")),
        ("m/additional_chat_templates/rag.jinja", Some("rag")),
        ("tool.j2", Some("tool")),
        ("chat_template.txt", Some("default")),
        ("chat_template.json", None),
        ("README.md", None),
    ] {
        assert_eq!(is_template(trail).then(|| name_of(trail)), name, "{trail}");
    }
}

/// Fragments that templates are made of, hostile and not.
fn noise() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{ ",
        " }}",
        "{% set a = ",
        "{% set ns.a = ",
        "{% for a in ",
        "{% endfor %}",
        "{% macro m(a, b=1) %}",
        "{% endmacro %}",
        "{% set a %}",
        "{% endset %}",
        "{% if a %}",
        "{% endif %}",
        " %}",
        "m(a)",
        "caller()",
        "a",
        "ns.a",
        "'__cla'",
        "'ss__'",
        "['a', 'b']",
        "{'a': 'b'}",
        "1",
        "10**9",
        " ~ ",
        " + ",
        " * ",
        " % ",
        "|join",
        "|attr('x')",
        "|map('attr', a)",
        "|format(a)",
        "[::-1]",
        "[a]",
        ".a",
        "(a)",
        "(*a)",
        "|list",
        "|first",
        "|string",
        " if a else ",
        "'%s{0.a}'.format(a)",
        "|replace('a', a)",
        "cycler",
        "loop",
        "dict(a=1)",
        "namespace(a=1)",
        "self.x()",
        "text",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_template_is_followed_to_an_end(text in noise()) {
        let template = match jinja::Template::parse(&text) {
            Ok(template) | Err((template, _)) => template,
        };
        let outcome = flow::follow(&template);
        for (offset, _) in outcome.seen {
            prop_assert!(offset <= text.len() as u64);
        }
    }
}
