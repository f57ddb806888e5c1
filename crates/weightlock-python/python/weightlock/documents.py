"""The JSON documents that verbs answer with, as types. Made by `cargo xtask docs` from the schemas."""

from __future__ import annotations

from typing import Generic, Literal, TypedDict, TypeVar

Result = TypeVar("Result")


class Document(TypedDict, Generic[Result]):
    """The document of every verb."""

    schema_version: int
    """Version of this format."""
    verb: str
    """The verb that answered."""
    outcome: Literal["yes", "no", "usage", "no-answer", "could-not-work", "interrupted"]
    """How it ended."""
    exit_code: int
    """The exit code of the program."""
    reasons: list[Diagnostic]
    """Why the outcome is not `yes`."""
    result: Result
    """What the verb found out."""


class Account(TypedDict):
    """The account of a file and all that lies in it."""

    complete: bool
    """Every byte was examined."""
    contents: int
    """The file and everything in it."""
    data: int
    """Bytes that a format declares as data."""
    explained: int
    """Bytes that a reader took apart."""
    gaps: list[NotRead]
    """What was not examined."""
    gaps_left_out: int
    """Gaps that are not listed."""
    unread: int
    """Bytes that were not examined."""


class Answer(TypedDict):
    """One answer."""

    checks: list[CheckTold]
    """The checks that ran for it. What is verified names one that passed, what failed one that did not."""
    details: list[str]
    """Files and facts that it rests on."""
    details_left_out: int
    """Further details that are not listed."""
    next: str | None
    """What to do next, where there is something to do."""
    says: str
    """The answer, in one sentence."""
    standing: Literal["verified", "declared", "inferred", "unknown", "failed"]
    """How it is known: `verified`, `declared`, `inferred`, `unknown` or `failed`."""


class Answers(TypedDict):
    """The six answers. None of them stands in for another."""

    behaves: Answer
    """Whether it behaves as it did."""
    executes: Answer
    """What it can execute."""
    made_how: Answer
    """How it was made."""
    may_we_use: Answer
    """Whether it may be used."""
    unchanged: Answer
    """Whether it is as it was."""
    who: Answer
    """Who vouches for it."""


class Blobs(TypedDict):
    """What the names of blobs say."""

    differing: list[str]
    """Files whose blobs have another content, likewise."""
    fitting: int
    """Blobs that have the content that their names say."""
    recomputed: bool
    """Each name was recomputed from the bytes."""
    unnamed: list[str]
    """Files that no name says anything about, at most 100 of them."""


class CheckTold(TypedDict):
    """A check that ran."""

    evidence: list[str]
    """Digests of the statements that it rests on."""
    name: str
    """What was checked: `signer`, `signature`, `provenance`, `evaluation`, `policy`, `judging`, `blob-names`, `file-format` or `signature-form`."""
    passed: bool
    """Whether it holds."""


class Counted(TypedDict):
    """A name and how often it occurs."""

    count: int
    """How often."""
    name: str
    """The name."""


class Counts(TypedDict):
    """Findings by severity."""

    critical: int
    """Code runs on load, reached by a call."""
    high: int
    """A dangerous capability, a file outside the folder, hidden executable content."""
    info: int
    """Context."""
    low: int
    """Needs an opt-in or outside code."""
    medium: int
    """Cannot be vouched for, readers disagree, the format or resources are abused."""


class DemandTold(TypedDict):
    """A demand."""

    check: str
    """The check that it belongs to."""
    demand: str
    """What is demanded."""
    evidence: list[str]
    """What it rests on."""
    met_by: str | None
    """How it was met."""
    place: str
    """The file and line that demand it."""
    reasons: list[ReasonTold]
    """Why it is not met."""
    rule: str | None
    """The rule that it stands under."""
    state: Literal["met", "not-met", "no-answer", "waived", "skipped", "not-run"]
    """`met`, `not-met`, `no-answer`, `waived`, `skipped`, or `not-run`: a scan would answer it, and the answer is no without one."""
    waived: list[WaivedTold]
    """Reasons that a waiver stands in for, each with that waiver."""


class Demanded(TypedDict):
    """A demand of a lock or of pins that was met."""

    file: str
    """The file."""
    name: str
    """What the model is called there."""
    signed_by: str | None
    """Who signed that file: of pins, always; of a lock, nobody, because it authenticates nothing."""


class Diagnostic(TypedDict):
    """One reason of a refusal or failure."""

    code: str
    """The stable code, `WL-AREA-NAME`; `weightlock explain` tells more."""
    facts: list[Fact]
    """Named facts, such as expected and found."""
    help: list[str]
    """What to do next."""
    message: str
    """What, in one sentence."""
    notes: list[str]
    """What else helps to understand."""
    place: str | None
    """Where: a file, with offset or tensor where known."""


class Fact(TypedDict):
    """A named fact."""

    name: str
    value: str


class FileChange(TypedDict):
    """One difference."""

    change: str
    """`added`, `removed`, `changed`, `renamed` or `retyped`."""
    expected: str | None
    """What was signed."""
    found: str | None
    """What is there."""
    path: str
    """The file, under its signed name where it has one."""
    ranges: list[str]
    """Byte ranges that changed, `start..end`, where signed shards or leaves tell."""
    tensors: list[str]
    """Tensors in those ranges, by the file's own header as it is now."""


class Found(TypedDict):
    """One finding."""

    confidence: str
    """`low`, `medium` or `high`."""
    construct: str | None
    """The opcode or field."""
    cwe: int
    """The CWE number of the weakness."""
    fingerprint: str
    """The same as long as the finding is."""
    fix: str
    """What to do."""
    known: bool
    """The baseline has it."""
    name: str | None
    """The name that it resolves to."""
    offset: int | None
    """Offset in the innermost content, of the decompressed bytes where it was compressed."""
    reason: str
    """What was seen."""
    rule: str
    """The rule; `weightlock explain RULE` tells more."""
    severity: str
    """`info`, `low`, `medium`, `high` or `critical`."""
    trail: str
    """The file and the members of containers in it, joined with `!/`."""


class ImageTold(TypedDict):
    """An image that the files belong to. All of it is declared."""

    artifact_type: str
    """What kind of artifact it says that it is."""
    licenses: list[str]
    """Licences that its configuration states."""
    manifest: str
    """SHA-256 of its manifest."""
    reference: str | None
    """What it is called in its layout."""


class Inspection(TypedDict):
    """The result in JSON."""

    answers: Answers
    """The six answers."""
    blobs: Blobs | None
    """What the names of blobs say, where files are named by digests."""
    bytes: int
    """Bytes of these files."""
    chosen: str | None
    """Which of several models was taken and why; of an image, which one it is."""
    contradictions: list[str]
    """Where sources disagree, at most 100 lines."""
    contradictions_left_out: int
    """Further contradictions that are not listed."""
    files: int
    """Files of the model. What version control and download tools keep beside it is not counted."""
    image: ImageTold | None
    """The image that the files belong to, if there is one."""
    kind: str
    """`file`, `folder`, `hub-snapshot`, `oci-image`, `ollama-model` or `blob`."""
    model: Model
    """What the model is."""
    target: str
    """The target as typed."""
    verdict: VerdictTold | None
    """The verdict, where a policy holds here."""


class Model(TypedDict):
    """What the model is, from headers and configuration."""

    architectures: list[str]
    """Architectures. Declared."""
    base_models: list[str]
    """Models that this one is made from. Declared."""
    dtypes: list[Counted]
    """Elements by type, the most frequent first. Inferred."""
    elements: int | None
    """Elements of all tensors; none where a header is broken or a file is missing. Inferred."""
    formats: list[Counted]
    """Files by format, in order of names. Inferred."""
    licenses: list[str]
    """Licences. Declared."""
    parameters: int | None
    """Trained numbers, whatever they are packed into; none where that cannot be told. Inferred."""
    quantization: list[str]
    """Quantisation methods. Declared, or inferred from GGUF tensors."""
    task: str | None
    """The task. Declared."""
    tensors: int
    """Tensors in safetensors and GGUF files. Inferred."""


class NotRead(TypedDict):
    """Bytes that were not examined."""

    bytes: int
    """How many."""
    code: str
    """The reason code; `weightlock explain CODE` tells more."""
    offset: int
    """The first byte."""
    trail: str
    """The content."""
    why: str
    """The reason in words."""


class PolicyTold(TypedDict):
    """A policy that was applied."""

    digest: str
    """SHA-256 of it."""
    layer: str
    """`floor`, `user`, `environment` or `named`."""
    source: str
    """Its file."""


class ReasonTold(TypedDict):
    """Why something is not a yes."""

    code: str
    """The code."""
    decision: Literal["deny", "quarantine"]
    """`deny` or `quarantine`."""
    evidence: list[str]
    """What it rests on."""
    place: str | None
    """The file and line of the demand."""
    text: str
    """In words."""


class Scanned(TypedDict):
    """What a scan found out."""

    baseline: bool
    """An earlier report was given, whose findings are known."""
    complete: bool
    """Every byte of everything that was to be examined was examined."""
    evidence: str | None
    """Where the signed statement about this result lies, when one was made."""
    files: list[ScannedFile]
    """The files that were examined, in order of names."""
    left_out: list[str]
    """Files that were left out because they were not asked for."""
    not_examined: list[Skipped]
    """What was to be examined and was not."""
    passed_over: list[str]
    """Names that never belong to a model, such as `.git`."""
    profile: str
    """`default`, `strict` or `weights-only`."""
    threshold: str
    """Findings at or above this severity decide."""
    tool: Tool
    """What examined and judged."""
    totals: Sums
    """Sums over all files."""


class ScannedFile(TypedDict):
    """One file."""

    coverage: Account
    """What was examined."""
    file: str
    """Its name, joined with the target as it was typed."""
    findings: list[Found]
    """What it can do."""
    findings_left_out: int
    """Findings that are not listed: the worst thousand of a file are."""
    format: str
    """What it is by content."""
    size: int
    """Its size in bytes."""
    worst_left_out: str | None
    """The worst severity of those that are not listed."""


class Signed(TypedDict):
    """The result in JSON."""

    bytes: int
    """Their size in bytes."""
    digest: str | None
    """SHA-256 of the canonical manifest (a model of one file: of its bytes); absent for other digests than SHA-256."""
    files: int
    """Number of files signed."""
    fs_verity: str | None
    """The evidence written about fs-verity digests."""
    ignored: list[str]
    """Paths that are not signed, without signature and evidence themselves."""
    leaves: str | None
    """The evidence written about the leaf table."""
    model: str
    """The model as it was named."""
    note: str | None
    """What other tools can do with the signature, when not all of them can check it."""
    reused: int
    """How many digests were taken over from the earlier signature."""
    signature: str | None
    """Where the signature was written; absent after a dry run."""
    signer: str
    """`key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer."""


class SignedByKey(TypedDict):
    """The holder of a key."""

    algorithm: str
    """`ECDSA P-256` and the like."""
    fingerprint: str
    """Hex SHA-256 of the public key's PEM text, as OMS hints are written."""
    kind: Literal["key"]


class SignedByCertificate(TypedDict):
    """The subject of a certificate."""

    issuer: str
    """Who issued it."""
    kind: Literal["certificate"]
    root: str
    """The root it leads to."""
    serial: str
    """Its serial number."""
    subject: str
    """Its subject."""


class SignedByIdentity(TypedDict):
    """An identity, shown to an authority of the trust root when it signed."""

    claims: dict[str, str]
    """What the certificate claims about the workflow, by name."""
    identity: str
    """Its name."""
    issuer: str
    """Who vouched for the name."""
    kind: Literal["identity"]
    logged: bool
    """Whether the signature was proven to be in a transparency log."""
    times: list[str]
    """When it signed, by the logs and clocks that are believed (RFC 3339); earliest first."""
    trust_root: str
    """The trust root that was believed."""
    trust_root_obtained: str | None
    """When that root was taken from its deployment (RFC 3339), where it is known."""


SignedBy = SignedByKey | SignedByCertificate | SignedByIdentity
"""Who signed."""


class Skipped(TypedDict):
    """Something that was to be examined and was not."""

    code: str
    """The reason code."""
    name: str
    """Its name."""
    why: str
    """The reason in words."""


class Stated(TypedDict):
    """One piece of evidence."""

    code: str | None
    """The reason code, where it does not count."""
    counts: bool
    """Signed by one who may make such statements, about exactly this model."""
    kind: str
    """`scan` and the like."""
    name: str
    """Its name in the evidence folder."""
    says: str
    """What it claims; where it does not count, why."""
    signer: SignedBy | None
    """Who signed it, where it counts."""


class Sums(TypedDict):
    """Sums over all files."""

    bytes: int
    """Their size."""
    contents: int
    """The files and everything in them."""
    data: int
    """Bytes that a format declares as data of tensors or pictures."""
    explained: int
    """Bytes that a reader took apart. Bytes of what was decompressed count as well."""
    failing: int
    """Findings at or above the threshold that no baseline knows."""
    files: int
    """Files examined."""
    findings: Counts
    """Findings by severity."""
    gaps: int
    """Ranges that were not examined."""
    known: int
    """Findings that the baseline knows."""
    unread: int
    """Bytes that were not examined."""


class Tool(TypedDict):
    """What examined and judged."""

    name: str
    """`weightlock`."""
    rules: str
    """The version of its set of rules."""
    version: str
    """Its version."""


class VerdictTold(TypedDict):
    """A verdict in JSON."""

    cut_short: bool
    """No scan was run, because the answer is no without it."""
    decision: Literal["allow", "quarantine", "deny"]
    """`allow`, `quarantine` or `deny`."""
    demands: list[DemandTold]
    """Every demand, and what came of it."""
    digest: str
    """The model: SHA-256 of the canonical manifest, or of the one file."""
    evidence: list[str]
    """What it rests on: digests of statements and reports."""
    general: list[ReasonTold]
    """Reasons that belong to no demand."""
    mode: str
    """`development`, `staging` or `production`."""
    policies: list[PolicyTold]
    """The policies, the floor first."""
    tier: str
    """`low`, `medium` or `high`."""
    time: str
    """When it was asked (RFC 3339)."""
    waivers: list[WaiverTold]
    """Waivers for this model."""
    written: str | None
    """Where the signed verdict lies, when one was made."""


class Verified(TypedDict):
    """The result in JSON."""

    algorithm: str
    """The digest algorithm of the files."""
    also_signed_by: list[SignedBy]
    """Who signed the same files besides, of those that had to: verified."""
    at_time: str | None
    """The stated time that certificates were checked at, when it was not now."""
    bytes_by_kernel: int
    """How many of the bytes were not read, because the kernel answers for their files (fs-verity): only when a model is loaded."""
    bytes_checked: int
    """Their size in bytes."""
    changes: list[FileChange]
    """Differences to what was signed."""
    complete: bool
    """Every listed file was checked, and every other file was looked for."""
    digest: str | None
    """SHA-256 of the canonical manifest of what is there (a model of one file: of its bytes), when it was computed."""
    evidence: list[Stated]
    """Further evidence about the model. It changes no answer."""
    files_checked: int
    """Files that were checked."""
    files_listed: int
    """Files the signature lists."""
    form: str
    """The statement form: `oms-1.0`, or `model-signing-0.2` (deprecated)."""
    from_cache: int
    """Digests that came from the cache instead of from the bytes."""
    given_up: list[str]
    """What was not asked, because flags gave it up: `identity`, `transparency-log`, `certificate-log`."""
    ignored: list[str]
    """Unsigned files under names that signer or verifier ignored."""
    locked_as: Demanded | None
    """The entry of a lock that it fits, where a lock was named."""
    method: str
    """How files became digests: `files` or `shards`."""
    model: str
    """The model as it was named."""
    model_name: str | None
    """What the signer called the model; informational."""
    passed_over: list[str]
    """Names that never belong to a model and were not looked into, such as `.git`."""
    pinned_as: Demanded | None
    """The name that it is pinned by, where pins were named."""
    read_by: int | None
    """The process of this user that read and compared the bytes, when it was not this one: its word was taken."""
    signature: str
    """The signature that was checked."""
    signer: SignedBy
    """Who signed it: verified."""
    unsigned: list[str]
    """Unsigned files that were let pass."""


class WaivedTold(TypedDict):
    """A reason, and the waiver that stands in for it."""

    approver: str
    """Who agreed."""
    expires: str
    """Its last day."""
    owner: str
    """Who answers for it."""
    place: str
    """Where the waiver stands."""
    reason: ReasonTold
    """The reason."""
    waives: str
    """What the waiver waives."""
    why: str
    """Why it was granted."""


class WaiverTold(TypedDict):
    """A waiver."""

    approver: str
    """Who agreed."""
    expires: str
    """Its last day."""
    not_counted: str | None
    """Why it does not count although it holds."""
    owner: str
    """Who answers for it."""
    place: str
    """Where it stands."""
    reason: str
    """Why."""
    state: str
    """`in-force`, `not-yet` or `expired`."""
    used: bool
    """It stood in for something."""
    waives: str
    """What it waives."""
