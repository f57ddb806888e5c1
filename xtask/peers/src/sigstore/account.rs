//! [`Account`]: somebody, or some job, that the issuer of tests gives tokens to.

use serde_json::{Map, Value, json};

/// Claims about who asks for a certificate.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) claims: Map<String, Value>,
}

impl Account {
    /// A person, known by a checked e-mail address.
    #[must_use]
    pub fn email(address: &str) -> Self {
        Self::of(json!({"sub": format!("user:{address}"), "email": address, "email_verified": true}))
    }

    /// Something that is known by its subject alone, which is then a URI.
    #[must_use]
    pub fn subject(subject: &str) -> Self {
        Self::of(json!({"sub": subject}))
    }

    /// A job of GitHub Actions: `repository` is `owner/name`, `reference` such as `refs/heads/main`.
    #[must_use]
    pub fn github(repository: &str, workflow: &str, reference: &str, trigger: &str) -> Self {
        let owner = repository.split('/').next().unwrap_or_default();
        let workflow_ref = format!("{repository}/.github/workflows/{workflow}@{reference}");
        Self::of(json!({
            "sub": format!("repo:{repository}:ref:{reference}"),
            "event_name": trigger,
            "sha": "5a1f0d2b3c4e5f60718293a4b5c6d7e8f9012345",
            "workflow": "release",
            "repository": repository,
            "ref": reference,
            "job_workflow_ref": workflow_ref,
            "job_workflow_sha": "5a1f0d2b3c4e5f60718293a4b5c6d7e8f9012345",
            "runner_environment": "github-hosted",
            "repository_id": "1001",
            "repository_owner": owner,
            "repository_owner_id": "1002",
            "workflow_ref": workflow_ref,
            "workflow_sha": "5a1f0d2b3c4e5f60718293a4b5c6d7e8f9012345",
            "run_id": "77",
            "run_attempt": "1",
            "repository_visibility": "public",
        }))
    }

    /// A job of a GitLab pipeline: `project` is `group/name`, `reference` such as `refs/heads/main`.
    #[must_use]
    pub fn gitlab(project: &str, reference: &str, trigger: &str) -> Self {
        let short = reference.rsplit('/').next().unwrap_or_default();
        Self::of(json!({
            "sub": format!("project_path:{project}:ref_type:branch:ref:{short}"),
            "project_path": project,
            "project_id": "2001",
            "namespace_path": project.split('/').next().unwrap_or_default(),
            "namespace_id": "2002",
            "pipeline_source": trigger,
            "pipeline_id": "78",
            "job_id": "79",
            "ref": short,
            "ref_path": reference,
            "sha": "6b2f0d2b3c4e5f60718293a4b5c6d7e8f9012345",
            "runner_environment": "gitlab-hosted",
            "ci_config_ref_uri": format!("gitlab.com/{project}//.gitlab-ci.yml@{reference}"),
            "ci_config_sha": "6b2f0d2b3c4e5f60718293a4b5c6d7e8f9012345",
            "project_visibility": "public",
        }))
    }

    /// A pod of Kubernetes with a projected token.
    #[must_use]
    pub fn kubernetes(namespace: &str, service_account: &str) -> Self {
        Self::of(json!({
            "sub": format!("system:serviceaccount:{namespace}:{service_account}"),
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": service_account, "uid": "8ad9"},
            },
        }))
    }

    /// The same account with a claim set, or changed: also one of the token itself, such as `aud` or `exp`.
    #[must_use]
    pub fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims.insert(claim.to_owned(), value);
        self
    }

    /// The name that Fulcio's certificates give it.
    #[must_use]
    pub fn identity(&self) -> String {
        name_of(&self.claims).map_or_else(String::new, |name| name.text().to_owned())
    }

    fn of(claims: Value) -> Self {
        match claims {
            Value::Object(claims) => Self { claims },
            _ => unreachable!("the constructors give objects"),
        }
    }
}

/// The subject alternative name a token leads to.
pub(super) enum Name {
    Email(String),
    Uri(String),
}

impl Name {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Uri(text) => text,
        }
    }
}

/// As Fulcio's providers do: e-mail, GitHub, GitLab, Kubernetes, or the subject as it is.
pub(super) fn name_of(claims: &Map<String, Value>) -> Option<Name> {
    let text = |claim: &str| claims.get(claim)?.as_str();
    if let Some(address) = text("email") {
        let checked = claims.get("email_verified") == Some(&Value::Bool(true));
        return checked.then(|| Name::Email(address.to_owned()));
    }
    if let Some(workflow) = text("job_workflow_ref") {
        return Some(Name::Uri(format!("https://github.com/{workflow}")));
    }
    if let Some(configuration) = text("ci_config_ref_uri") {
        return Some(Name::Uri(format!("https://{configuration}")));
    }
    if let Some(pod) = claims.get("kubernetes.io") {
        let (namespace, account) = (&pod["namespace"], &pod["serviceaccount"]["name"]);
        return Some(Name::Uri(format!(
            "https://kubernetes.io/namespaces/{}/serviceaccounts/{}",
            namespace.as_str()?,
            account.as_str()?
        )));
    }
    Some(Name::Uri(text("sub")?.to_owned()))
}

/// Number and value of the extensions 2 to 22 below Fulcio's arc (fulcio `docs/oid-info.md`). Those below 8 hold
/// plain text, the others a UTF8String.
pub(super) fn build_claims(claims: &Map<String, Value>) -> Vec<(u8, String)> {
    let text = |claim: &str| Some(claims.get(claim)?.as_str()?.to_owned());
    let within = |server: &str, claim: &str| text(claim).map(|path| format!("{server}{path}"));
    let pairs = if claims.contains_key("job_workflow_ref") {
        let hub = "https://github.com/";
        let run = (text("repository"), text("run_id"), text("run_attempt"));
        let run = match run {
            (Some(repository), Some(run), Some(attempt)) => {
                Some(format!("{hub}{repository}/actions/runs/{run}/attempts/{attempt}"))
            }
            _ => None,
        };
        vec![
            (2, text("event_name")),
            (3, text("sha")),
            (4, text("workflow")),
            (5, text("repository")),
            (6, text("ref")),
            (9, within(hub, "job_workflow_ref")),
            (10, text("job_workflow_sha")),
            (11, text("runner_environment")),
            (12, within(hub, "repository")),
            (13, text("sha")),
            (14, text("ref")),
            (15, text("repository_id")),
            (16, within(hub, "repository_owner")),
            (17, text("repository_owner_id")),
            (18, within(hub, "workflow_ref")),
            (19, text("workflow_sha")),
            (20, text("event_name")),
            (21, run),
            (22, text("repository_visibility")),
        ]
    } else if claims.contains_key("ci_config_ref_uri") {
        let lab = "https://gitlab.com/";
        let job = text("project_path")
            .zip(text("job_id"))
            .map(|(project, job)| format!("{lab}{project}/-/jobs/{job}"));
        vec![
            (9, within("https://", "ci_config_ref_uri")),
            (10, text("ci_config_sha")),
            (11, text("runner_environment")),
            (12, within(lab, "project_path")),
            (13, text("sha")),
            (14, text("ref_path")),
            (15, text("project_id")),
            (16, within(lab, "namespace_path")),
            (17, text("namespace_id")),
            (18, within("https://", "ci_config_ref_uri")),
            (19, text("ci_config_sha")),
            (20, text("pipeline_source")),
            (21, job),
            (22, text("project_visibility")),
        ]
    } else {
        Vec::new()
    };
    pairs
        .into_iter()
        .filter_map(|(number, value)| Some((number, value?)))
        .collect()
}
