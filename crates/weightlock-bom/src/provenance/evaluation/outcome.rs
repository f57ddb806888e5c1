//! [`outcome`]: whether a statement about an evaluation says that the model passed.
//!
//! Read are in-toto's test results (`https://in-toto.io/attestation/test-result/v0.1`: `result` is `PASSED`, `WARNED` or
//! `FAILED`, `failedTests` names tests). Statements of numbers have no outcome: that there are some is all that is asked of them.

use serde_json::Value;

/// What in-toto's test results are called, whatever their version.
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result";

/// What came of an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Numbers were stated, or the tests passed.
    Good,
    /// A test failed.
    Bad,
    /// It says neither.
    Unclear,
}

/// What a predicate of this type says came of an evaluation. One that passes and names failed tests has failed.
#[must_use]
pub fn outcome(predicate_type: &str, predicate: &Value) -> Outcome {
    if !predicate_type.starts_with(TEST_RESULT) {
        return Outcome::Good;
    }
    let failed = match predicate.get("failedTests") {
        None | Some(Value::Null) => false,
        Some(Value::Array(tests)) => !tests.is_empty(),
        Some(_) => true,
    };
    let result = predicate
        .get("result")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match result.to_ascii_uppercase().as_str() {
        "FAILED" => Outcome::Bad,
        "PASSED" | "WARNED" if failed => Outcome::Bad,
        "PASSED" | "WARNED" => Outcome::Good,
        _ => Outcome::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_test_result_says_whether_it_passed() {
        for (predicate, expected) in [
            (json!({"result": "PASSED"}), Outcome::Good),
            (json!({"result": "WARNED", "warnedTests": ["a"]}), Outcome::Good),
            (json!({"result": "FAILED"}), Outcome::Bad),
            (json!({"result": "failed"}), Outcome::Bad),
            (json!({"result": "PASSED", "failedTests": ["a"]}), Outcome::Bad),
            (json!({"result": "PASSED", "failedTests": "a"}), Outcome::Bad),
            (json!({"result": "PASSED", "failedTests": []}), Outcome::Good),
            (json!({"result": "OK"}), Outcome::Unclear),
            (json!({"result": 1}), Outcome::Unclear),
        ] {
            let found = outcome("https://in-toto.io/attestation/test-result/v0.1", &predicate);
            assert_eq!(found, expected, "{predicate}");
        }
        assert_eq!(outcome("urn:weightlock:evaluation:v1", &json!({})), Outcome::Good);
    }
}
