//! How long it takes to find everything that was made from one thing, over a million edges: `cargo xtask bench lineage-descendants`.
//!
//! The worst case: every edge is on the way. A data set goes into steps, steps into models, models into further steps; each model
//! has files, as models have. Prints one line of JSON with the edges, what was reached, and the median of some walks in seconds.

use std::{io::Write as _, time::Instant};

use weightlock_artifact::{digest::Algorithm, standing::Standing};
use weightlock_bom::lineage::{Builder, Direction, How, Identity, Lineage, NodeId};

/// Models; each has an edge from a step, one to it, and a file.
const MODELS: u32 = 333_334;
/// Models made from one model.
const CHILDREN: u32 = 4;
const WALKS: usize = 9;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (lineage, start) = lineage()?;
    let mut seconds = Vec::new();
    let mut reached = 0;
    for _ in 0..WALKS {
        let begun = Instant::now();
        let walk = lineage.walk(start, Direction::Descendants, &|path| {
            path.ends_with(".safetensors")
        });
        seconds.push(begun.elapsed().as_secs_f64());
        reached = walk.reached.len();
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(WALKS / 2).copied().unwrap_or_default();
    writeln!(
        std::io::stdout(),
        "{{\"edges\": {}, \"reached\": {reached}, \"seconds\": {median}}}",
        lineage.len()
    )?;
    Ok(())
}

/// Everything from one data set.
fn lineage() -> Result<(Lineage, NodeId), Box<dyn std::error::Error>> {
    let mut builder = Builder::default();
    let source = builder.source("made up");
    let digest = |kind: &str, number: u32| Algorithm::Sha256.digest(format!("{kind} {number}").as_bytes());
    let data = builder.node(Identity::Content(digest("data", 0)));
    let mut models: Vec<NodeId> = Vec::new();
    for number in 0..MODELS {
        let parent = number.checked_sub(1).map(|it| it / CHILDREN);
        let parent = parent
            .and_then(|it| models.get(usize::try_from(it).ok()?))
            .copied();
        let step = builder.node(Identity::Step(digest("step", number)));
        let model = builder.node(Identity::Content(digest("model", number)));
        let file = builder.node(Identity::Content(digest("file", number)));
        builder.call(model, &format!("made-up/model-{number}"), Standing::Declared);
        builder.call_inside(file, "model.safetensors");
        let standing = if number % 3 == 0 {
            Standing::Verified
        } else {
            Standing::Declared
        };
        builder.join(parent.unwrap_or(data), How::Input, step, standing, source)?;
        builder.join(step, How::Output, model, standing, source)?;
        builder.join(file, How::PartOf, model, Standing::Verified, source)?;
        models.push(model);
    }
    Ok((builder.finish(), data))
}
