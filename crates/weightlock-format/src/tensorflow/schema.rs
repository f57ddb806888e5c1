//! The messages of TensorFlow's `saved_model.proto`, `meta_graph.proto`, `graph.proto` and Keras'
//! `saved_metadata.proto`. <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf>

use crate::protobuf::{
    Schema,
    Shape::{Data, Message, Number, Text},
    field,
};

/// `saved_model.pb`.
pub(super) static SAVED_MODEL: Schema = Schema {
    name: "SavedModel",
    fields: &[
        field(1, "saved_model_schema_version", Number),
        field(2, "meta_graphs", Message(&META_GRAPH)),
    ],
};

/// A `.meta` file.
pub(super) static META_GRAPH: Schema = Schema {
    name: "MetaGraphDef",
    fields: &[
        field(1, "meta_info_def", Message(&META_INFO)),
        field(2, "graph_def", Message(&GRAPH)),
        field(3, "saver_def", Message(&SAVER)),
        field(4, "collection_def", Message(&COLLECTION_ENTRY)),
        field(5, "signature_def", Data),
        field(6, "asset_file_def", Message(&ASSET)),
        field(7, "object_graph_def", Message(&OBJECT_GRAPH)),
    ],
};

/// A frozen graph.
pub(super) static GRAPH: Schema = Schema {
    name: "GraphDef",
    fields: &[
        field(1, "node", Message(&NODE)),
        field(2, "library", Message(&LIBRARY)),
        field(3, "version", Number),
        field(4, "versions", Message(&VERSIONS)),
        field(5, "debug_info", Data),
    ],
};

/// `keras_metadata.pb`.
pub(super) static KERAS_METADATA: Schema = Schema {
    name: "SavedMetadata",
    fields: &[field(1, "nodes", Message(&KERAS_OBJECT))],
};

/// `fingerprint.pb`: checksums of the parts of a SavedModel.
pub(super) static FINGERPRINT: Schema = Schema {
    name: "FingerprintDef",
    fields: &[
        field(1, "saved_model_checksum", Number),
        field(2, "graph_def_program_hash", Number),
        field(3, "signature_def_hash", Number),
        field(4, "saved_object_graph_hash", Number),
        field(5, "checkpoint_hash", Number),
        field(6, "version", Message(&VERSIONS)),
        field(7, "uuid", Text),
    ],
};

static KERAS_OBJECT: Schema = Schema {
    name: "KerasObject",
    fields: &[
        field(1, "version", Message(&VERSIONS)),
        field(2, "node_id", Number),
        field(3, "node_path", Text),
        field(4, "identifier", Text),
        field(5, "metadata", Data),
        field(6, "version_def", Message(&VERSIONS)),
    ],
};

static META_INFO: Schema = Schema {
    name: "MetaInfoDef",
    fields: &[
        field(1, "meta_graph_version", Text),
        field(2, "stripped_op_list", Data),
        field(3, "any_info", Data),
        field(4, "tags", Text),
        field(5, "tensorflow_version", Text),
        field(6, "tensorflow_git_version", Text),
        field(7, "stripped_default_attrs", Number),
        field(8, "function_aliases", Message(&TEXT_ENTRY)),
    ],
};

static TEXT_ENTRY: Schema = Schema {
    name: "TextEntry",
    fields: &[field(1, "key", Text), field(2, "value", Text)],
};

static SAVER: Schema = Schema {
    name: "SaverDef",
    fields: &[
        field(1, "filename_tensor_name", Text),
        field(2, "save_tensor_name", Text),
        field(3, "restore_op_name", Text),
        field(4, "max_to_keep", Number),
        field(5, "sharded", Number),
        field(6, "keep_checkpoint_every_n_hours", Number),
        field(7, "version", Number),
    ],
};

static COLLECTION_ENTRY: Schema = Schema {
    name: "CollectionEntry",
    fields: &[field(1, "key", Text), field(2, "value", Message(&COLLECTION))],
};

static COLLECTION: Schema = Schema {
    name: "CollectionDef",
    fields: &[
        field(1, "node_list", Data),
        field(2, "bytes_list", Data),
        field(3, "int64_list", Data),
        field(4, "float_list", Data),
        field(5, "any_list", Data),
    ],
};

static ASSET: Schema = Schema {
    name: "AssetFileDef",
    fields: &[
        field(1, "tensor_info", Message(&TENSOR_INFO)),
        field(2, "filename", Text),
    ],
};

static TENSOR_INFO: Schema = Schema {
    name: "TensorInfo",
    fields: &[
        field(1, "name", Text),
        field(2, "dtype", Number),
        field(3, "tensor_shape", Data),
        field(4, "coo_sparse", Data),
        field(5, "composite_tensor", Data),
    ],
};

static VERSIONS: Schema = Schema {
    name: "VersionDef",
    fields: &[
        field(1, "producer", Number),
        field(2, "min_consumer", Number),
        field(3, "bad_consumers", Number),
    ],
};

static LIBRARY: Schema = Schema {
    name: "FunctionDefLibrary",
    fields: &[
        field(1, "function", Message(&FUNCTION)),
        field(2, "gradient", Message(&TEXT_ENTRY)),
        field(3, "registered_gradients", Message(&TEXT_ENTRY)),
    ],
};

static FUNCTION: Schema = Schema {
    name: "FunctionDef",
    fields: &[
        field(1, "signature", Message(&OP)),
        field(3, "node_def", Message(&NODE)),
        field(4, "ret", Message(&TEXT_ENTRY)),
        field(5, "attr", Message(&ATTRIBUTE_ENTRY)),
        field(6, "control_ret", Message(&TEXT_ENTRY)),
        field(7, "arg_attr", Data),
        field(8, "resource_arg_unique_id", Data),
    ],
};

static OP: Schema = Schema {
    name: "OpDef",
    fields: &[
        field(1, "name", Text),
        field(2, "input_arg", Data),
        field(3, "output_arg", Data),
        field(4, "attr", Data),
        field(5, "summary", Text),
        field(6, "description", Text),
        field(8, "deprecation", Data),
        field(16, "is_aggregate", Number),
        field(17, "is_stateful", Number),
        field(18, "is_commutative", Number),
        field(19, "allows_uninitialized_input", Number),
        field(20, "control_output", Text),
        field(21, "is_distributed_communication", Number),
    ],
};

static NODE: Schema = Schema {
    name: "NodeDef",
    fields: &[
        field(1, "name", Text),
        field(2, "op", Text),
        field(3, "input", Text),
        field(4, "device", Text),
        field(5, "attr", Message(&ATTRIBUTE_ENTRY)),
        field(6, "experimental_debug_info", Data),
        field(7, "experimental_type", Data),
    ],
};

static ATTRIBUTE_ENTRY: Schema = Schema {
    name: "AttrEntry",
    fields: &[field(1, "key", Text), field(2, "value", Message(&ATTRIBUTE))],
};

static ATTRIBUTE: Schema = Schema {
    name: "AttrValue",
    fields: &[
        field(1, "list", Message(&LIST)),
        field(2, "s", Text),
        field(3, "i", Number),
        field(4, "f", Number),
        field(5, "b", Number),
        field(6, "type", Number),
        field(7, "shape", Data),
        field(8, "tensor", Message(&TENSOR)),
        field(9, "placeholder", Text),
        field(10, "func", Message(&CALL)),
    ],
};

static LIST: Schema = Schema {
    name: "AttrValue.ListValue",
    fields: &[
        field(2, "s", Text),
        field(3, "i", Data),
        field(4, "f", Data),
        field(5, "b", Data),
        field(6, "type", Data),
        field(7, "shape", Data),
        field(8, "tensor", Message(&TENSOR)),
        field(9, "func", Message(&CALL)),
    ],
};

static CALL: Schema = Schema {
    name: "NameAttrList",
    fields: &[
        field(1, "function", Text),
        field(2, "attr", Message(&ATTRIBUTE_ENTRY)),
    ],
};

static TENSOR: Schema = Schema {
    name: "TensorProto",
    fields: &[
        field(1, "dtype", Number),
        field(2, "tensor_shape", Data),
        field(3, "version_number", Number),
        field(4, "tensor_content", Data),
        field(5, "float_val", Data),
        field(6, "double_val", Data),
        field(7, "int_val", Data),
        field(8, "string_val", Text),
        field(9, "scomplex_val", Data),
        field(10, "int64_val", Data),
        field(11, "bool_val", Data),
        field(12, "dcomplex_val", Data),
        field(13, "half_val", Data),
        field(14, "resource_handle_val", Data),
        field(15, "variant_val", Data),
        field(16, "uint32_val", Data),
        field(17, "uint64_val", Data),
        field(18, "float8_val", Data),
    ],
};

static OBJECT_GRAPH: Schema = Schema {
    name: "SavedObjectGraph",
    fields: &[
        field(1, "nodes", Message(&OBJECT)),
        field(2, "concrete_functions", Data),
    ],
};

static OBJECT: Schema = Schema {
    name: "SavedObject",
    fields: &[
        field(1, "children", Data),
        field(3, "slot_variables", Data),
        field(4, "user_object", Message(&USER_OBJECT)),
        field(5, "asset", Data),
        field(6, "function", Data),
        field(7, "variable", Data),
        field(8, "bare_concrete_function", Data),
        field(9, "constant", Data),
        field(10, "resource", Data),
        field(11, "saveable_objects", Data),
        field(12, "captured_tensor", Data),
        field(13, "registered_name", Text),
        field(14, "serialized_user_proto", Data),
        field(15, "dependencies", Data),
        field(16, "registered_saver", Text),
    ],
};

static USER_OBJECT: Schema = Schema {
    name: "SavedUserObject",
    fields: &[
        field(1, "identifier", Text),
        field(2, "version", Message(&VERSIONS)),
        field(3, "metadata", Data),
    ],
};
