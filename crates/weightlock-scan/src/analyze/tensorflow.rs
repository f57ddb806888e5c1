//! TensorFlow graphs: what each operator reaches, judged by its type and never by the name of the node.

use weightlock_format::tensorflow::{Fact, Kind, Node, read};

use super::{Examination, Role, Subject, walked::Walked};
use crate::{
    observation::tensorflow::{Reach, Seen},
    reach::escape,
};

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

/// Operators, assets and metadata with something to be judged that are remembered. An honest graph has a handful.
const MOST_FACTS: usize = 30_000;

/// Operators that write where a text in an attribute says.
const ADDRESSED: [&str; 6] = [
    "PrintV2",
    "DebugIdentity",
    "DebugIdentityV2",
    "DebugIdentityV3",
    "DebugNanCount",
    "DebugNumericSummary",
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

/// What an operator reaches whose attribute names an address, and the address.
fn addressed(node: &Node) -> Option<(Reach, String)> {
    if !ADDRESSED.contains(&node.operator.as_str()) {
        return None;
    }
    let text = node.texts.iter().find(|(_, text)| text.contains("://"));
    text.map(|(_, text)| {
        let reach = if text.starts_with("file:") {
            Reach::FileWrite
        } else {
            Reach::Network
        };
        (reach, text.clone())
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
        graph(kind, subject, exam);
    }
}

fn graph(kind: Kind, subject: &Subject, exam: &mut Examination<'_>) {
    let mut walked = Walked::default();
    let mut facts = Vec::new();
    let mut lost = false;
    let limits = exam.limits;
    let end = read(
        &subject.content,
        kind,
        limits,
        &mut *exam.budget,
        &mut |fact| match fact {
            Fact::Data { field, range } => walked.data(field, range),
            Fact::Unknown { range, .. } => walked.unknown(range),
            Fact::Node(node) if reach_of(&node.operator).is_none() && addressed(&node).is_none() => {}
            fact if facts.len() < MOST_FACTS => facts.push(fact),
            _ => lost = true,
        },
    );
    if lost {
        exam.lose(0);
    }
    for fact in facts {
        match fact {
            Fact::Node(node) => observe_node(node, exam),
            Fact::Asset { name, range } => {
                if let Some(escape) = escape(&name) {
                    let construct = Some("asset_file_def.filename".to_owned());
                    exam.put(Some(range.start), construct, Seen::Asset { name, escape });
                }
            }
            Fact::Keras { object, range } => {
                let content = subject
                    .content
                    .part(range.start, range.end.saturating_sub(range.start));
                exam.inner(&format!("metadata of {object}"), content, Role::Plain);
            }
            _ => {}
        }
    }
    walked.close(end, subject, exam);
}

fn observe_node(node: Node, exam: &mut Examination<'_>) {
    let addressed = addressed(&node);
    let target = addressed
        .as_ref()
        .map(|(_, address)| address.clone())
        .or_else(|| node.texts.first().map(|(_, text)| text.clone()));
    let Some(reach) = addressed
        .map(|(reach, _)| reach)
        .or_else(|| reach_of(&node.operator))
    else {
        return;
    };
    let place = if node.function.is_empty() {
        node.name
    } else {
        format!("{}/{}", node.function, node.name)
    };
    exam.put(
        Some(node.range.start),
        Some("op".to_owned()),
        Seen::Operator {
            operator: node.operator,
            reach,
            node: place,
            target,
        },
    );
}
