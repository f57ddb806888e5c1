//! What specifications demand of a predicate at its top level. A document without it is of another type than it is said to
//! be; what the members then hold is for whoever judges by them.

use serde_json::{Map, Value};

use super::types::{
    CUSTOM, CYCLONEDX, LINK, OPENVEX, SLSA_0_2, SLSA_1, SPDX, TEST_RESULT, VULN, is_version_of,
};

/// A member that must be there, and how it must look.
type Demand = (&'static str, fn(&Value) -> bool, &'static str);

/// A specification with its demands.
struct Specification {
    name: &'static str,
    family: &'static str,
    demands: &'static [Demand],
}

/// SLSA provenance v1 and v0.2 ("Schema"), SLSA VSA, cosign's vulnerability and custom predicates, CycloneDX ("bomFormat",
/// "specVersion" required), OpenVEX 0.2.0 ("The VEX document"), in-toto's link and test result.
const SPECIFICATIONS: [Specification; 9] = [
    Specification {
        name: "SLSA provenance v1",
        family: SLSA_1,
        demands: &[
            ("buildDefinition", Value::is_object, "an object"),
            ("runDetails", Value::is_object, "an object"),
        ],
    },
    Specification {
        name: "SLSA provenance v0.2",
        family: SLSA_0_2,
        demands: &[
            ("builder", Value::is_object, "an object"),
            ("buildType", Value::is_string, "a text"),
        ],
    },
    Specification {
        name: "an SLSA verification summary",
        family: "https://slsa.dev/verification_summary",
        demands: &[
            ("verifier", Value::is_object, "an object"),
            ("verificationResult", Value::is_string, "a text"),
        ],
    },
    Specification {
        name: "CycloneDX",
        family: CYCLONEDX,
        demands: &[
            ("bomFormat", |value| value == "CycloneDX", "\"CycloneDX\""),
            ("specVersion", Value::is_string, "a text"),
        ],
    },
    Specification {
        name: "OpenVEX",
        family: OPENVEX,
        demands: &[
            ("@context", is_openvex, "one of OpenVEX"),
            ("statements", Value::is_array, "a list"),
        ],
    },
    Specification {
        name: "a vulnerability report",
        family: VULN,
        demands: &[("scanner", Value::is_object, "an object")],
    },
    Specification {
        name: "an in-toto link",
        family: LINK,
        demands: &[(
            "materials",
            |value| value.is_array() || value.is_object(),
            "a list or an object",
        )],
    },
    Specification {
        name: "a test result",
        family: TEST_RESULT,
        demands: &[("result", Value::is_string, "a text")],
    },
    Specification {
        name: "cosign's custom predicate",
        family: CUSTOM,
        demands: &[("Data", Value::is_string, "a text")],
    },
];

/// Why a document is not of a type: the specification, and what it lacks.
pub(super) type Lacks = (&'static str, String);

/// Checks a predicate against the specification of its type. Types that are not known have none to check against, but a
/// predicate is always an object (in-toto Statement v1), except SPDX in its tag-value form, which is a text.
pub(super) fn check(predicate_type: &str, predicate: &Value) -> Result<(), Lacks> {
    if is_version_of(predicate_type, SPDX) {
        return spdx(predicate);
    }
    let known = SPECIFICATIONS.iter().find(|one| match one.family {
        // `…/attestation/v1` is not the family of `…/attestation/vuln/v1`; these have one version each.
        CUSTOM | SLSA_0_2 => predicate_type == one.family,
        family => is_version_of(predicate_type, family),
    });
    let name = known.map_or("a predicate", |one| one.name);
    let members = object(name, predicate)?;
    for (member, holds, wanted) in known.map_or(&[][..], |one| one.demands) {
        match members.get(*member) {
            Some(value) if holds(value) => {}
            Some(_) => return Err((name, format!("its member {member:?} is not {wanted}"))),
            None => return Err((name, format!("it has no member {member:?}"))),
        }
    }
    Ok(())
}

fn object<'a>(name: &'static str, value: &'a Value) -> Result<&'a Map<String, Value>, Lacks> {
    value
        .as_object()
        .ok_or_else(|| (name, "it is not a JSON object".to_owned()))
}

/// SPDX 2 says `spdxVersion`, SPDX 3 has a context of JSON-LD; in the tag-value form the version is a line.
fn spdx(predicate: &Value) -> Result<(), Lacks> {
    const NAME: &str = "SPDX";
    if let Some(text) = predicate.as_str() {
        // cosign's `spdx` makes a text of any document, also of one in JSON.
        let is_tag_value = text.lines().any(|line| line.starts_with("SPDXVersion:"));
        return match serde_json::from_str(text) {
            Ok(document @ Value::Object(_)) => spdx(&document),
            _ if is_tag_value => Ok(()),
            _ => Err((NAME, "it has no line \"SPDXVersion:\"".to_owned())),
        };
    }
    let members = object(NAME, predicate)?;
    let version = members.get("spdxVersion").is_some_and(Value::is_string);
    let context = members
        .get("@context")
        .is_some_and(|context| mentions(context, "spdx.org"));
    if version || context {
        Ok(())
    } else {
        Err((
            NAME,
            "it has neither \"spdxVersion\" nor a \"@context\" of SPDX".to_owned(),
        ))
    }
}

fn is_openvex(context: &Value) -> bool {
    context
        .as_str()
        .is_some_and(|context| is_version_of(context, OPENVEX))
}

/// A context is a text, or a list that holds one.
fn mentions(context: &Value, host: &str) -> bool {
    let texts = context
        .as_array()
        .map_or(std::slice::from_ref(context), Vec::as_slice);
    texts
        .iter()
        .any(|text| text.as_str().is_some_and(|text| text.contains(host)))
}
