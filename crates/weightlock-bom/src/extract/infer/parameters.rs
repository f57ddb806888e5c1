//! How many trained numbers there are, whatever they are packed into.
//!
//! Tensors are counted by their dimensions. Scales, zero points, tables of positions and indices are no trained numbers. Packed
//! ones count for what is in them:
//!
//! | packed as | numbers in one element |
//! |---|---|
//! | GPTQ, AWQ `qweight` | 32 / bits; known from the bytes where the dimensions of scales or `g_idx` give the rows |
//! | `weight_packed`, `W_q`, MLX `weight` beside `scales` | its bits / bits |
//! | bitsandbytes `U8` beside `absmax`, MXFP4 `_blocks`, NVFP4 | 2 |
//! | GGUF | dimensions count numbers already |
//! | AQLM, EXL2, EXL3 | cannot be told from the header: nothing is said |
//!
//! A folder may hold the same weights twice (`model`, `consolidated`) or in several precisions: files of one stem are one
//! set, and only one set counts.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::standing::Standing;
use weightlock_format::Dtype;

use super::super::{
    draft::Draft,
    notes::{Tensor, Weights},
    places::{shard, stem},
    safetensors,
};
use crate::graph::{Claim, Derivation, Kind, Property, Ref, Value};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    let weights = std::mem::take(&mut draft.notes.weights);
    for file in &weights {
        let own = Ref::new("file", file.path.as_str());
        stored(&own, Kind::File, &[file], draft);
    }
    let owners: BTreeSet<Ref> = weights.iter().map(|it| it.of.clone()).collect();
    for of in owners {
        let mine: Vec<&Weights> = weights.iter().filter(|it| it.of == of && it.is_counted).collect();
        match chosen(&of, &mine, draft) {
            Some(set) => {
                stored(&of, Kind::Model, &set, draft);
                count(&of, &set, draft);
            }
            None => count_forms(&of, &mine, draft),
        }
    }
    draft.notes.weights = weights;
    graphs(draft);
    claims(draft);
}

/// The numbers of the one graph that is the model, or of the one of several that is called so.
fn graphs(draft: &mut Draft) {
    let graphs = std::mem::take(&mut draft.notes.graphs);
    for (of, path, claim) in &graphs {
        let is_alone = graphs.iter().filter(|(other, ..)| other == of).count() == 1;
        let is_counted = draft
            .graph()
            .component(of)
            .is_some_and(|it| it.fact(Property::Parameters).is_some());
        if !is_counted && (is_alone || path.base_name() == "model.onnx") {
            draft.state(of, Kind::Model, Property::Parameters, claim.clone());
        }
    }
}

/// Tensors and their numbers as they are stored.
fn stored(of: &Ref, kind: Kind, files: &[&Weights], draft: &mut Draft) {
    let Some(first) = files.first() else {
        return;
    };
    let mut by_type: BTreeMap<String, u64> = BTreeMap::new();
    let mut tensors = 0_u64;
    for tensor in files.iter().flat_map(|it| &it.tensors) {
        tensors = tensors.saturating_add(1);
        let name = tensor.dtype.map_or("unknown", Dtype::name);
        let sum = by_type.entry(name.to_owned()).or_default();
        *sum = sum.saturating_add(elements(&tensor.shape).unwrap_or(u64::MAX));
    }
    let source = safetensors::counted(&first.path);
    draft.state(
        of,
        kind,
        Property::Tensors,
        Claim::verified(Value::Number(tensors), source.clone()),
    );
    draft.state(
        of,
        kind,
        Property::StoredElements,
        Claim::verified(Value::Counts(by_type), source),
    );
}

fn count(of: &Ref, files: &[&Weights], draft: &mut Draft) {
    if files.iter().any(|it| !it.is_whole) {
        return;
    }
    let bits = draft
        .notes
        .bits
        .iter()
        .find(|(it, _)| it == of)
        .map(|(_, bits)| *bits);
    let Some(first) = files.first() else {
        return;
    };
    let counted = if first.is_gguf {
        in_gguf(files)
    } else {
        in_tensors(files, bits, draft.notes.tied.contains(of))
    };
    if let Some((parameters, standing)) = counted {
        let mut claim = Claim::verified(Value::Number(parameters), safetensors::counted(&first.path));
        claim.standing = standing;
        draft.state(of, Kind::Model, Property::Parameters, claim);
    }
}

/// GGUF files of one model in several forms have as many parameters each.
fn count_forms(of: &Ref, files: &[&Weights], draft: &mut Draft) {
    let sets = sets(files);
    let is_plain = files.iter().all(|it| it.is_gguf && it.is_whole);
    let counts: BTreeSet<Option<(u64, Standing)>> = sets.values().map(|it| in_gguf(it)).collect();
    if let (true, 1, Some(set)) = (is_plain, counts.len(), sets.values().next()) {
        count(of, set, draft);
    }
}

/// Files of one stem.
fn sets<'w>(files: &[&'w Weights]) -> BTreeMap<&'w str, Vec<&'w Weights>> {
    let mut sets: BTreeMap<&str, Vec<&Weights>> = BTreeMap::new();
    for file in files {
        sets.entry(stem(file.path.base_name())).or_default().push(file);
    }
    // Nobody knows how much is in a shard that is not there.
    sets.retain(|_, set| is_complete(set));
    sets
}

/// The files that together are the model; `None` where there are several sets and nothing tells which one.
fn chosen<'w>(of: &Ref, files: &[&'w Weights], draft: &Draft) -> Option<Vec<&'w Weights>> {
    let listed: BTreeSet<_> = draft
        .notes
        .shards
        .iter()
        .filter(|it| it.of == *of)
        .flat_map(|it| it.tensors.iter().map(|(_, file)| file))
        .collect();
    if !listed.is_empty() {
        let set: Vec<&Weights> = files
            .iter()
            .copied()
            .filter(|it| listed.contains(&it.path))
            .collect();
        return (set.len() == listed.len()).then_some(set);
    }
    let mut sets = sets(files);
    if sets.len() > 1 {
        let usual = [
            "model",
            "adapter_model",
            "diffusion_pytorch_model",
            "pytorch_model",
        ];
        sets.retain(|stem, _| usual.contains(stem));
    }
    let (_, set) = sets.pop_first()?;
    sets.is_empty().then_some(set)
}

/// Whether there are as many shards as their names say.
fn is_complete(set: &[&Weights]) -> bool {
    set.iter().all(|it| {
        let name = it.path.base_name();
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        shard(name).is_none_or(|(_, total)| set.len() as u64 == total)
    })
}

fn elements(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |all, it| all.checked_mul(*it))
}

fn in_gguf(files: &[&Weights]) -> Option<(u64, Standing)> {
    let is_table = |name: &str| name.contains("rope_freqs") || name.contains("rope_factors");
    let tensors = files
        .iter()
        .flat_map(|it| &it.tensors)
        .filter(|it| !is_table(&it.name));
    let sum = tensors
        .map(|it| elements(&it.shape))
        .try_fold(0_u64, |all, it| all.checked_add(it?))?;
    Some((sum, Standing::Verified))
}

/// The tensors of a set by name: one that is stored twice counts once.
type Named<'t> = BTreeMap<&'t str, &'t Tensor>;

fn in_tensors(files: &[&Weights], bits: Option<u64>, is_tied: bool) -> Option<(u64, Standing)> {
    let named: Named<'_> = files
        .iter()
        .flat_map(|it| &it.tensors)
        .map(|it| (it.name.as_str(), it))
        .collect();
    let mut sum = 0_u64;
    let mut standing = Standing::Verified;
    for tensor in named.values() {
        if is_tied && is_second_copy(tensor, &named) {
            standing = Standing::Inferred;
            continue;
        }
        let (numbers, how) = numbers(tensor, &named, bits)?;
        sum = sum.checked_add(numbers)?;
        standing = standing.max(how);
    }
    Some((sum, standing))
}

/// Whether a tensor is the embedding once more, under the name of the output, as a model with tied embeddings may store it.
fn is_second_copy(tensor: &Tensor, all: &Named<'_>) -> bool {
    const EMBEDDINGS: [&str; 5] = [
        "embed_tokens.weight",
        "wte.weight",
        "word_embeddings.weight",
        "shared.weight",
        "embed_in.weight",
    ];
    let is_output = tensor.name == "lm_head.weight" || tensor.name.ends_with(".lm_head.weight");
    is_output
        && all.values().any(|it| {
            it.shape == tensor.shape
                && it.dtype == tensor.dtype
                && EMBEDDINGS
                    .iter()
                    .any(|name| it.name == *name || it.name.ends_with(&format!(".{name}")))
        })
}

/// The last parts of names of what is no trained number.
const AUXILIARY: [&str; 23] = [
    "cos_cached",
    "sin_cached",
    "rope_freqs",
    "freqs_cis",
    "scales",
    "qzeros",
    "g_idx",
    "absmax",
    "nested_absmax",
    "quant_map",
    "nested_quant_map",
    "SCB",
    "weight_format",
    "weight_shape",
    "weight_scale_inv",
    "weight_scale_2",
    "weight_g_idx",
    "inv_freq",
    "position_ids",
    "num_batches_tracked",
    "masked_bias",
    "_shift",
    "meta",
];

/// The last parts of names whose packing no header tells.
const OPAQUE: [&str; 4] = ["codebooks", "q_weight", "trellis", "qweight_codes"];

/// Trained numbers in a tensor, and how that is known; `None` where it cannot be told.
fn numbers<'t>(tensor: &Tensor, all: &Named<'t>, bits: Option<u64>) -> Option<(u64, Standing)> {
    let stored = elements(&tensor.shape)?;
    let (prefix, leaf) = tensor.name.rsplit_once('.').unwrap_or(("", &tensor.name));
    let beside = |leaf: &str| -> Option<&'t Tensor> { all.get(format!("{prefix}.{leaf}").as_str()).copied() };
    let behind = |suffix: &str| all.contains_key(format!("{}{suffix}", tensor.name).as_str());
    let none = Some((0, Standing::Verified));
    if OPAQUE.contains(&leaf) {
        return None;
    }
    let is_scale = ["_scale", "_scales", "_zero_point"]
        .iter()
        .any(|it| leaf.ends_with(it));
    let is_mlx_bias = leaf == "biases" && beside("scales").is_some();
    if AUXILIARY.contains(&leaf) || is_scale || is_mlx_bias || tensor.name.contains(".quant_state.") {
        return none;
    }
    let by_bits = |width: u64| {
        let numbers = stored
            .checked_mul(width)?
            .checked_div(bits.filter(|it| (1..=width).contains(it))?)?;
        Some((numbers, Standing::Inferred))
    };
    match (leaf, tensor.dtype) {
        ("qweight", Some(Dtype::I32)) => {
            by_rows(tensor, beside("g_idx"), beside("scales")).or_else(|| by_bits(32))
        }
        ("weight_packed" | "W_q", Some(Dtype::I32)) => by_bits(32),
        ("W_q" | "_data", Some(Dtype::U8 | Dtype::I8)) => by_bits(8),
        ("weight", Some(Dtype::U32)) if beside("scales").is_some() => by_bits(32),
        (_, Some(Dtype::U8)) if is_nibbles(leaf, &|leaf| beside(leaf).is_some(), &behind) => {
            Some((stored.checked_mul(2)?, Standing::Verified))
        }
        (
            _,
            Some(Dtype::I64 | Dtype::U64 | Dtype::I32 | Dtype::U32 | Dtype::I16 | Dtype::U16 | Dtype::Bool),
        ) => none,
        _ => Some((stored, Standing::Verified)),
    }
}

/// Whether a byte holds two numbers, by what lies beside it.
fn is_nibbles(leaf: &str, beside: &dyn Fn(&str) -> bool, behind: &dyn Fn(&str) -> bool) -> bool {
    let is_blocks = leaf
        .strip_suffix("_blocks")
        .is_some_and(|it| beside(&format!("{it}_scales")));
    behind(".absmax") || beside("weight_scale_2") || is_blocks
}

/// GPTQ packs rows: `g_idx` has one entry for each. AWQ packs columns: scales have one for each.
fn by_rows(packed: &Tensor, rows: Option<&Tensor>, scales: Option<&Tensor>) -> Option<(u64, Standing)> {
    let [first, last] = packed.shape[..] else {
        return None;
    };
    let numbers = match (rows, scales.map(|it| &it.shape[..])) {
        (Some(rows), _) => elements(&rows.shape)?.checked_mul(last)?,
        (None, Some([_, columns])) if *columns > last => first.checked_mul(*columns)?,
        _ => return None,
    };
    let stored = elements(&packed.shape)?;
    let is_plausible = numbers >= stored && numbers <= stored.checked_mul(32)?;
    is_plausible.then_some((numbers, Standing::Verified))
}

/// What others say, to be compared. What is said of an adapter is the size of its base.
fn claims(draft: &mut Draft) {
    for (of, claim) in std::mem::take(&mut draft.notes.sizes) {
        let is_adapter = draft
            .graph()
            .from(&of)
            .any(|it| it.derivation() == Some(Derivation::Adapter));
        if !is_adapter {
            draft.state(&of, Kind::Model, Property::ParameterClaim, claim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, dtype: Dtype, shape: &[u64]) -> Tensor {
        Tensor {
            name: name.to_owned(),
            dtype: Some(dtype),
            shape: shape.to_vec(),
        }
    }

    fn counted(tensors: Vec<Tensor>, bits: Option<u64>) -> Option<(u64, Standing)> {
        let weights = Weights {
            of: Ref::subject(),
            is_counted: true,
            path: weightlock_artifact::path::ArtifactPath::parse("m.safetensors").expect("a path"),
            is_gguf: false,
            is_whole: true,
            tensors,
        };
        in_tensors(&[&weights], bits, false)
    }

    #[test]
    fn packed_numbers_count_for_what_is_in_them() {
        let verified = |numbers| Some((numbers, Standing::Verified));
        let gptq = |extra: Option<Tensor>| {
            let mut all = vec![
                tensor("l.qweight", Dtype::I32, &[8, 16]),
                tensor("l.qzeros", Dtype::I32, &[2, 2]),
                tensor("l.scales", Dtype::F16, &[2, 16]),
                tensor("l.bias", Dtype::F16, &[16]),
            ];
            all.extend(extra);
            all
        };
        assert_eq!(
            counted(gptq(Some(tensor("l.g_idx", Dtype::I32, &[64]))), None),
            verified(64 * 16 + 16)
        );
        assert_eq!(
            counted(gptq(None), Some(4)),
            Some((64 * 16 + 16, Standing::Inferred))
        );
        assert_eq!(counted(gptq(None), None), None, "bits are not known");
        let awq = vec![
            tensor("l.qweight", Dtype::I32, &[64, 2]),
            tensor("l.scales", Dtype::F16, &[2, 16]),
        ];
        assert_eq!(counted(awq, None), verified(64 * 16));
        let nf4 = vec![
            tensor("l.weight", Dtype::U8, &[512, 1]),
            tensor("l.weight.absmax", Dtype::F32, &[16]),
        ];
        assert_eq!(counted(nf4, None), verified(1024));
        let plain = vec![
            tensor("l.weight", Dtype::F8E4m3, &[4, 4]),
            tensor("l.weight_scale", Dtype::F32, &[]),
        ];
        assert_eq!(counted(plain, None), verified(16));
        assert_eq!(counted(vec![tensor("l.codebooks", Dtype::F16, &[2])], None), None);
        assert_eq!(
            counted(vec![tensor("l.w", Dtype::F16, &[u64::MAX, 2])], None),
            None
        );
    }

    #[test]
    fn tied_embeddings_count_once() {
        let weights = Weights {
            of: Ref::subject(),
            is_counted: true,
            path: weightlock_artifact::path::ArtifactPath::parse("m.safetensors").expect("a path"),
            is_gguf: false,
            is_whole: true,
            tensors: vec![
                tensor("model.embed_tokens.weight", Dtype::F16, &[10, 4]),
                tensor("lm_head.weight", Dtype::F16, &[10, 4]),
            ],
        };
        assert_eq!(
            in_tensors(&[&weights], None, true),
            Some((40, Standing::Inferred))
        );
        assert_eq!(
            in_tensors(&[&weights], None, false),
            Some((80, Standing::Verified))
        );
    }

    #[test]
    fn shards_have_one_stem() {
        assert_eq!(stem("model-00001-of-00002.safetensors"), "model");
        assert_eq!(stem("model.safetensors"), "model");
        assert_eq!(stem("best-of-all.safetensors"), "best-of-all");
    }
}
