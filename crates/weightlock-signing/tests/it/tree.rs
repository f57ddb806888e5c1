//! JSON as a tree that can hold what no JSON library writes: a key twice.

use serde_json::Value;

/// The members of an object in their order, doubled keys and all.
type Members = Vec<(String, Tree)>;

/// A JSON text, member by member.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Tree {
    Object(Members),
    List(Vec<Self>),
    Leaf(Value),
}

/// A changed tree, with where and how it was changed.
pub(crate) struct Mutation {
    /// `subject[].digest.sha256`
    pub(crate) place: String,
    pub(crate) kind: &'static str,
    pub(crate) tree: Tree,
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key, value.into()))
                    .collect(),
            ),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            leaf => Self::Leaf(leaf),
        }
    }
}

impl Tree {
    pub(crate) fn parse(text: &[u8]) -> Self {
        serde_json::from_slice::<Value>(text).unwrap().into()
    }

    pub(crate) fn text(&self) -> String {
        self.spaced("")
    }

    /// With this between all tokens.
    pub(crate) fn spaced(&self, space: &str) -> String {
        let join = |parts: Vec<String>| parts.join(&format!("{space},{space}"));
        match self {
            Self::Leaf(value) => value.to_string(),
            Self::List(items) => {
                let items = items.iter().map(|item| item.spaced(space)).collect();
                format!("[{space}{}{space}]", join(items))
            }
            Self::Object(members) => {
                let members = members.iter().map(|(key, value)| {
                    format!(
                        "{}{space}:{space}{}",
                        Value::from(key.as_str()),
                        value.spaced(space)
                    )
                });
                format!("{{{space}{}{space}}}", join(members.collect()))
            }
        }
    }

    /// All objects' members in the opposite order.
    pub(crate) fn reversed(&self) -> Self {
        match self {
            Self::Object(members) => Self::Object(
                members
                    .iter()
                    .rev()
                    .map(|(key, value)| (key.clone(), value.reversed()))
                    .collect(),
            ),
            Self::List(items) => Self::List(items.iter().map(Self::reversed).collect()),
            leaf @ Self::Leaf(_) => leaf.clone(),
        }
    }

    /// Every leaf value, key, duplicate, type change and deletion, each on its own.
    pub(crate) fn mutations(&self) -> Vec<Mutation> {
        let mut all = Vec::new();
        self.visit(String::new(), &|tree| tree, &mut all);
        all
    }

    fn visit(&self, place: String, whole: &dyn Fn(Self) -> Self, all: &mut Vec<Mutation>) {
        let mut add = |place: &str, kind, tree| {
            all.push(Mutation {
                place: place.to_owned(),
                kind,
                tree: whole(tree),
            });
        };
        for (kind, tree) in self.replaced() {
            add(&place, kind, tree);
        }
        match self {
            Self::Leaf(_) => {}
            Self::List(items) => {
                let inner = format!("{place}[]");
                for index in 0..items.len() {
                    let mut fewer = items.clone();
                    fewer.remove(index);
                    add(&inner, "deleted", Self::List(fewer));
                    let mut more = items.clone();
                    more.insert(index, items[index].clone());
                    add(&inner, "doubled", Self::List(more));
                }
                if items.len() > 1 {
                    add(
                        &place,
                        "reversed",
                        Self::List(items.iter().rev().cloned().collect()),
                    );
                }
                for (index, item) in items.iter().enumerate() {
                    let put = |changed: Self| {
                        let mut items = items.clone();
                        items[index] = changed;
                        whole(Self::List(items))
                    };
                    item.visit(inner.clone(), &put, all);
                }
            }
            Self::Object(members) => {
                let mut unknown = members.clone();
                unknown.push(("unknown".to_owned(), Self::Leaf(1.into())));
                add(&place, "unknown member", Self::Object(unknown));
                for (index, (key, value)) in members.iter().enumerate() {
                    let inner = format!("{place}.{key}").trim_start_matches('.').to_owned();
                    let with = |edit: &dyn Fn(&mut Members)| {
                        let mut members = members.clone();
                        edit(&mut members);
                        Self::Object(members)
                    };
                    add(&inner, "deleted", with(&|all| drop(all.remove(index))));
                    add(
                        &inner,
                        "doubled",
                        with(&|all| all.push((key.clone(), value.clone()))),
                    );
                    let other = Self::Leaf("other".into());
                    add(
                        &inner,
                        "doubled, last differs",
                        with(&|all| all.push((key.clone(), other.clone()))),
                    );
                    add(
                        &inner,
                        "doubled, first differs",
                        with(&|all| all.insert(0, (key.clone(), other.clone()))),
                    );
                    add(&inner, "renamed", with(&|all| all[index].0 = key.to_uppercase()));
                }
                for (index, (key, value)) in members.iter().enumerate() {
                    let inner = format!("{place}.{key}").trim_start_matches('.').to_owned();
                    let put = |changed: Self| {
                        let mut members = members.clone();
                        members[index].1 = changed;
                        whole(Self::Object(members))
                    };
                    value.visit(inner, &put, all);
                }
            }
        }
    }

    /// Other values and other types in the place of this one.
    fn replaced(&self) -> Vec<(&'static str, Self)> {
        let mut all = vec![
            ("null", Self::Leaf(Value::Null)),
            ("number", Self::Leaf(7.into())),
            ("empty list", Self::List(Vec::new())),
            ("empty object", Self::Object(Vec::new())),
            ("in a list", Self::List(vec![self.clone()])),
            ("in an object", Self::Object(vec![("0".to_owned(), self.clone())])),
        ];
        match self {
            Self::Leaf(Value::String(text)) => {
                all.push(("longer", Self::Leaf(format!("{text}x").into())));
                all.push(("empty", Self::Leaf("".into())));
                if let Some(first) = text.chars().next() {
                    let other = if first == 'a' { 'b' } else { 'a' };
                    let changed = format!("{other}{}", &text[first.len_utf8()..]);
                    all.push(("first letter", Self::Leaf(changed.into())));
                    all.push(("upper case", Self::Leaf(text.to_uppercase().into())));
                    all.push((
                        "shorter",
                        Self::Leaf(text[..text.len() - text.chars().last().unwrap().len_utf8()].into()),
                    ));
                }
            }
            Self::Leaf(Value::Bool(value)) => all.push(("flipped", Self::Leaf((!value).into()))),
            Self::Leaf(Value::Number(number)) => {
                let number = number.as_u64().unwrap();
                all.push(("greater", Self::Leaf((number + 1).into())));
                all.push(("as text", Self::Leaf(number.to_string().into())));
            }
            _ => all.push(("text", Self::Leaf("text".into()))),
        }
        all.retain(|(_, tree)| tree != self);
        all
    }
}
