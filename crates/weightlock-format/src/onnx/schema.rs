//! The messages of `onnx.proto3`, IR versions 1 to 13. <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>

use crate::protobuf::{
    Schema,
    Shape::{Data, Message, Number, Text},
    field,
};

/// The whole file.
pub(super) static MODEL: Schema = Schema {
    name: "ModelProto",
    fields: &[
        field(1, "ir_version", Number),
        field(2, "producer_name", Text),
        field(3, "producer_version", Text),
        field(4, "domain", Text),
        field(5, "model_version", Number),
        field(6, "doc_string", Text),
        field(7, "graph", Message(&GRAPH)),
        field(8, "opset_import", Message(&OPSET)),
        field(14, "metadata_props", Message(&ENTRY)),
        field(20, "training_info", Message(&TRAINING)),
        field(25, "functions", Message(&FUNCTION)),
        field(26, "configuration", Message(&DEVICES)),
    ],
};

pub(super) static GRAPH: Schema = Schema {
    name: "GraphProto",
    fields: &[
        field(1, "node", Message(&NODE)),
        field(2, "name", Text),
        field(5, "initializer", Message(&TENSOR)),
        field(10, "doc_string", Text),
        field(11, "input", Message(&VALUE_INFO)),
        field(12, "output", Message(&VALUE_INFO)),
        field(13, "value_info", Message(&VALUE_INFO)),
        field(14, "quantization_annotation", Message(&ANNOTATION)),
        field(15, "sparse_initializer", Message(&SPARSE)),
        field(16, "metadata_props", Message(&ENTRY)),
    ],
};

pub(super) static NODE: Schema = Schema {
    name: "NodeProto",
    fields: &[
        field(1, "input", Text),
        field(2, "output", Text),
        field(3, "name", Text),
        field(4, "op_type", Text),
        field(5, "attribute", Message(&ATTRIBUTE)),
        field(6, "doc_string", Text),
        field(7, "domain", Text),
        field(8, "overload", Text),
        field(9, "metadata_props", Message(&ENTRY)),
        field(10, "device_configurations", Data),
    ],
};

pub(super) static ATTRIBUTE: Schema = Schema {
    name: "AttributeProto",
    fields: &[
        field(1, "name", Text),
        field(2, "f", Number),
        field(3, "i", Number),
        field(4, "s", Text),
        field(5, "t", Message(&TENSOR)),
        field(6, "g", Message(&GRAPH)),
        field(7, "floats", Data),
        field(8, "ints", Number),
        field(9, "strings", Text),
        field(10, "tensors", Message(&TENSOR)),
        field(11, "graphs", Message(&GRAPH)),
        field(13, "doc_string", Text),
        field(14, "tp", Message(&TYPE)),
        field(15, "type_protos", Message(&TYPE)),
        field(20, "type", Number),
        field(21, "ref_attr_name", Text),
        field(22, "sparse_tensor", Message(&SPARSE)),
        field(23, "sparse_tensors", Message(&SPARSE)),
    ],
};

/// One tensor; also a whole file: an input or an output that comes with a model.
pub(super) static TENSOR: Schema = Schema {
    name: "TensorProto",
    fields: &[
        field(1, "dims", Number),
        field(2, "data_type", Number),
        field(3, "segment", Data),
        field(4, "float_data", Data),
        field(5, "int32_data", Data),
        field(6, "string_data", Text),
        field(7, "int64_data", Number),
        field(8, "name", Text),
        field(9, "raw_data", Data),
        field(10, "double_data", Data),
        field(11, "uint64_data", Data),
        field(12, "doc_string", Text),
        field(13, "external_data", Message(&ENTRY)),
        field(14, "data_location", Number),
        field(16, "metadata_props", Message(&ENTRY)),
    ],
};

static SPARSE: Schema = Schema {
    name: "SparseTensorProto",
    fields: &[
        field(1, "values", Message(&TENSOR)),
        field(2, "indices", Message(&TENSOR)),
        field(3, "dims", Number),
    ],
};

/// `SequenceProto` and `OptionalProto` of `onnx-data.proto3`, which have the same fields on the wire.
pub(super) static SEQUENCE: Schema = Schema {
    name: "SequenceProto",
    fields: &[
        field(1, "name", Text),
        field(2, "elem_type", Number),
        field(3, "tensor_values", Message(&TENSOR)),
        field(4, "sparse_tensor_values", Message(&SPARSE)),
        field(5, "sequence_values", Message(&SEQUENCE)),
        field(6, "map_values", Message(&MAP)),
        field(7, "optional_values", Message(&SEQUENCE)),
    ],
};

static MAP: Schema = Schema {
    name: "MapProto",
    fields: &[
        field(1, "name", Text),
        field(2, "key_type", Number),
        field(3, "keys", Number),
        field(4, "string_keys", Text),
        field(5, "values", Message(&SEQUENCE)),
    ],
};

pub(super) static ENTRY: Schema = Schema {
    name: "StringStringEntryProto",
    fields: &[field(1, "key", Text), field(2, "value", Text)],
};

pub(super) static OPSET: Schema = Schema {
    name: "OperatorSetIdProto",
    fields: &[field(1, "domain", Text), field(2, "version", Number)],
};

static TRAINING: Schema = Schema {
    name: "TrainingInfoProto",
    fields: &[
        field(1, "initialization", Message(&GRAPH)),
        field(2, "algorithm", Message(&GRAPH)),
        field(3, "initialization_binding", Message(&ENTRY)),
        field(4, "update_binding", Message(&ENTRY)),
    ],
};

pub(super) static FUNCTION: Schema = Schema {
    name: "FunctionProto",
    fields: &[
        field(1, "name", Text),
        field(2, "since_version", Number),
        field(3, "status", Number),
        field(4, "input", Text),
        field(5, "output", Text),
        field(6, "attribute", Text),
        field(7, "node", Message(&NODE)),
        field(8, "doc_string", Text),
        field(9, "opset_import", Message(&OPSET)),
        field(10, "domain", Text),
        field(11, "attribute_proto", Message(&ATTRIBUTE)),
        field(12, "value_info", Message(&VALUE_INFO)),
        field(13, "overload", Text),
        field(14, "metadata_props", Message(&ENTRY)),
    ],
};

static DEVICES: Schema = Schema {
    name: "DeviceConfigurationProto",
    fields: &[
        field(1, "name", Text),
        field(2, "num_devices", Number),
        field(3, "device", Text),
    ],
};

static VALUE_INFO: Schema = Schema {
    name: "ValueInfoProto",
    fields: &[
        field(1, "name", Text),
        field(2, "type", Message(&TYPE)),
        field(3, "doc_string", Text),
        field(4, "metadata_props", Message(&ENTRY)),
    ],
};

static ANNOTATION: Schema = Schema {
    name: "TensorAnnotation",
    fields: &[
        field(1, "tensor_name", Text),
        field(2, "quant_parameter_tensor_names", Message(&ENTRY)),
    ],
};

static TYPE: Schema = Schema {
    name: "TypeProto",
    fields: &[
        field(1, "tensor_type", Message(&TENSOR_TYPE)),
        field(4, "sequence_type", Message(&ELEMENT_TYPE)),
        field(5, "map_type", Message(&MAP_TYPE)),
        field(6, "denotation", Text),
        field(7, "opaque_type", Message(&OPAQUE_TYPE)),
        field(8, "sparse_tensor_type", Message(&TENSOR_TYPE)),
        field(9, "optional_type", Message(&ELEMENT_TYPE)),
    ],
};

static TENSOR_TYPE: Schema = Schema {
    name: "TypeProto.Tensor",
    fields: &[field(1, "elem_type", Number), field(2, "shape", Message(&SHAPE))],
};

static ELEMENT_TYPE: Schema = Schema {
    name: "TypeProto.Sequence",
    fields: &[field(1, "elem_type", Message(&TYPE))],
};

static MAP_TYPE: Schema = Schema {
    name: "TypeProto.Map",
    fields: &[
        field(1, "key_type", Number),
        field(2, "value_type", Message(&TYPE)),
    ],
};

static OPAQUE_TYPE: Schema = Schema {
    name: "TypeProto.Opaque",
    fields: &[field(1, "domain", Text), field(2, "name", Text)],
};

static SHAPE: Schema = Schema {
    name: "TensorShapeProto",
    fields: &[field(1, "dim", Message(&DIMENSION))],
};

static DIMENSION: Schema = Schema {
    name: "TensorShapeProto.Dimension",
    fields: &[
        field(1, "dim_value", Number),
        field(2, "dim_param", Text),
        field(3, "denotation", Text),
    ],
};
