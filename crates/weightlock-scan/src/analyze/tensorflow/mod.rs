//! TensorFlow graphs: what each operator reaches, judged by its type and never by the name of the node.

mod graph;

pub(super) use graph::Graph;
use weightlock_format::tensorflow::{Fact, Kind, Node, read};

use super::{Examination, Role, Subject, walked::Walked};
use crate::observation::tensorflow::Reach;

/// Operators that reach beyond the tensors they are given. Those that every SavedModel has for its own weights
/// (`SaveV2`, `RestoreV2`, `MergeV2Checkpoints`, `ShardedFilename`) and for its vocabularies
/// (`InitializeTableFromTextFileV2`) are not here: the names of their files are given when they run, or are assets.
const OPERATORS: &[(Reach, &[&str])] = &[
    (
        Reach::Python,
        &[
            "PyFunc",
            "PyFuncStateless",
            "EagerPyFunc",
            "_PyFunc",
            "NumpyFunction",
            "GeneratorDataset",
            "TFPyFunc",
        ],
    ),
    (
        Reach::FileWrite,
        &[
            "WriteFile",
            "WriteAudioSummary",
            "CreateSummaryFileWriter",
            "CreateSummaryDbWriter",
            "SaveDataset",
            "SaveDatasetV2",
            "SnapshotDataset",
            "SnapshotDatasetV2",
            "DistributedSave",
            "DatasetToTFRecord",
            "DatasetToTFRecordV2",
            "ExperimentalDatasetToTFRecord",
            "CacheDataset",
            "CacheDatasetV2",
            "DeleteFile",
            "RenameFile",
            "CopyFile",
            "CreateDir",
            "RecursivelyCreateDir",
            "DeleteRecursively",
            "FileSystemSetConfiguration",
            "SerializeTRTResource",
        ],
    ),
    (
        Reach::FileRead,
        &[
            "ReadFile",
            "MatchingFiles",
            "MatchingFilesDataset",
            "ExperimentalMatchingFilesDataset",
            "WholeFileReader",
            "WholeFileReaderV2",
            "ImmutableConst",
            "GetFileSize",
            "FileExists",
            "ListDirectory",
            "GenerateVocabRemapping",
            "LoadAndRemapMatrix",
            "InitializeTRTResource",
        ],
    ),
    (
        Reach::DataSet,
        &[
            "TextLineReader",
            "TextLineReaderV2",
            "TextLineDataset",
            "FixedLengthRecordReader",
            "FixedLengthRecordReaderV2",
            "FixedLengthRecordDataset",
            "FixedLengthRecordDatasetV2",
            "TFRecordReader",
            "TFRecordReaderV2",
            "TFRecordDataset",
            "TFRecordDatasetV2",
            "LMDBReader",
            "LMDBDataset",
            "ExperimentalLMDBDataset",
            "SqlDataset",
            "ExperimentalSqlDataset",
            "CSVDataset",
            "CSVDatasetV2",
            "ExperimentalCSVDataset",
            "LoadDataset",
            "SnapshotDatasetReader",
            "SnapshotNestedDatasetReader",
            "SnapshotChunkDataset",
            "ListSnapshotChunksDataset",
            "RecordInput",
        ],
    ),
    (
        Reach::Network,
        &[
            "RpcCall",
            "RpcClient",
            "RpcServer",
            "RpcServerStart",
            "RpcServerRegister",
            "DataServiceDataset",
            "DataServiceDatasetV2",
            "DataServiceDatasetV3",
            "DataServiceDatasetV4",
            "RegisterDataset",
            "RegisterDatasetV2",
            "BigQueryReader",
            "BigQueryClient",
            "BigtableClient",
            "BigtableTable",
            "GcsConfigureCredentials",
            "GcsConfigureBlockCache",
            "KafkaDataset",
            "KinesisDataset",
            "WorkerHeartbeat",
            "RemoteCall",
        ],
    ),
    (
        Reach::HostCallback,
        &[
            "XlaHostCompute",
            "_XlaHostComputeMlir",
            "_XlaSendFromHost",
            "_XlaRecvAtHost",
            "HostCallback",
        ],
    ),
];

/// Operators of TensorFlow itself: one to a line, in order, from its own definitions. What is not here is native code
/// beside it.
const KNOWN: &str = include_str!("operators.txt");

/// Operators that write where a text in an attribute says.
const ADDRESSED: &[&str] = &[
    "PrintV2",
    "DebugIdentity",
    "DebugIdentityV2",
    "DebugIdentityV3",
    "DebugNanCount",
    "DebugNumericSummary",
    "DebugNumericSummaryV2",
    "Copy",
    "CopyHost",
];

/// Operators that reach a file when an attribute names one.
const BY_ATTRIBUTE: &[(&str, &str, Reach)] =
    &[("FixedUnigramCandidateSampler", "vocab_file", Reach::FileRead)];

/// Operators that every SavedModel has, and the inputs that are paths of them. The paths are given when they run; where
/// the file itself gives one, it must stay inside the folder.
const BY_PATH: &[(&str, &[usize], Reach)] = &[
    ("Save", &[0], Reach::FileWrite),
    ("SaveSlices", &[0], Reach::FileWrite),
    ("SaveV2", &[0], Reach::FileWrite),
    ("MergeV2Checkpoints", &[0, 1], Reach::FileWrite),
    ("Restore", &[0], Reach::FileRead),
    ("RestoreSlice", &[0], Reach::FileRead),
    ("RestoreV2", &[0], Reach::FileRead),
    ("DTensorRestoreV2", &[0], Reach::FileRead),
    ("InitializeTableFromTextFile", &[1], Reach::FileRead),
    ("InitializeTableFromTextFileV2", &[1], Reach::FileRead),
];

/// What the operator reaches, by its type alone.
pub(super) fn reach_of(operator: &str) -> Option<Reach> {
    let listed = OPERATORS
        .iter()
        .find(|(_, operators)| operators.contains(&operator))
        .map(|&(reach, _)| reach);
    // Operators of the input/output add-on, which are native code beside TensorFlow.
    listed.or_else(|| operator.starts_with("IO>").then_some(Reach::Network))
}

/// Whether TensorFlow has an operator of that name by itself.
fn is_known(operator: &str) -> bool {
    let mut names = KNOWN;
    while !names.is_empty() {
        let middle = names.len() / 2;
        let start = names
            .get(..middle)
            .and_then(|text| text.rfind('\n'))
            .map_or(0, |at| at.saturating_add(1));
        let rest = names.get(start..).unwrap_or_default();
        let (name, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        match name.cmp(operator) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => names = behind,
            std::cmp::Ordering::Greater => names = names.get(..start).unwrap_or_default(),
        }
    }
    false
}

/// What an operator reaches whose attribute names an address or a file, and the text.
fn addressed(node: &Node) -> Option<(Reach, String)> {
    let operator = node.operator.as_str();
    if ADDRESSED.contains(&operator) {
        let text = node.texts.iter().find(|(_, text)| text.contains("://"));
        let reach = |text: &str| {
            if text.contains("file:") {
                Reach::FileWrite
            } else {
                Reach::Network
            }
        };
        return match text {
            Some((_, text)) => Some((reach(text), text.clone())),
            // There is more than was kept, and nobody knows where it leads.
            None => node.is_cut.then(|| (Reach::FileWrite, "…".to_owned())),
        };
    }
    BY_ATTRIBUTE
        .iter()
        .filter(|(name, ..)| *name == operator)
        .find_map(|(_, wanted, reach)| {
            let mut texts = node.texts.iter();
            let (_, text) = texts.find(|(attribute, text)| attribute == wanted && !text.is_empty())?;
            Some((*reach, text.clone()))
        })
}

/// Examines whatever graphs the file could be.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let kinds = match Kind::all_of(&subject.content, exam.limits) {
        Ok(kinds) => kinds,
        Err(error) => return exam.gave_up(error.into(), subject),
    };
    // By its first bytes it is one: then the longest reading before the break is wanted.
    let kinds = if kinds.is_empty() {
        vec![Kind::SavedModel]
    } else {
        kinds
    };
    for kind in kinds {
        examine(kind, subject, exam);
    }
}

fn examine(kind: Kind, subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut graph = Graph::default();
    let limits = exam.limits;
    let end = read(
        &subject.content,
        kind,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data { field, range } => walked.data(field, range),
            Fact::Unknown { range, .. } => walked.unknown(range),
            fact => graph.see(fact),
        },
    );
    for (object, range) in graph.conclude(exam) {
        let content = subject
            .content
            .part(range.start, range.end.saturating_sub(range.start));
        exam.inner(&format!("metadata of {object}"), content, Role::Plain);
    }
    walked.close(end, subject, exam);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_tensorflow_are_in_order_and_found() {
        let names: Vec<&str> = KNOWN.lines().collect();
        assert!(names.len() > 1500 && names.is_sorted_by(|a, b| a < b));
        assert!(names.iter().all(|name| is_known(name)));
        for name in ["", "A", "Evil>DoIt", "MatMu", "MatMull", "zzz"] {
            assert!(!is_known(name), "{name}");
        }
    }
}
