//! An OpenID Connect issuer: discovery, keys, the authorization code flow with PKCE (RFC 7636) and the device flow
//! (RFC 8628). It also answers as GitHub Actions and Google's metadata server answer jobs that ask for a token.
//!
//! There is nobody to ask for a password: whoever comes is signed in as the account that was set.

use std::{collections::HashMap, sync::Mutex};

use serde_json::{Map, Value, json};

use super::{
    Lies,
    account::Account,
    base64_url, digest,
    http::{Request, Response, encoded},
    key::{self, Key},
    lie::Lie,
    unbase64_url,
};

/// What Fulcio demands as audience.
const AUDIENCE: &str = "sigstore";
/// The secret a job of GitHub Actions sends.
pub const JOB_SECRET: &str = "secret-of-the-job";

/// The issuer.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) url: String,
    key: Key,
    account: Mutex<Account>,
    /// Codes given out, with the challenge and the nonce they were asked with.
    codes: Mutex<HashMap<String, Login>>,
    lies: Lies,
}

#[derive(Clone, Debug, Default)]
struct Login {
    redirect: String,
    challenge: String,
    nonce: Option<String>,
    /// Device flow: whether somebody has said yes.
    approved: bool,
    user_code: String,
}

impl Issuer {
    pub(super) fn new(url: String, lies: Lies) -> Self {
        Self {
            url,
            key: Key::generate(),
            account: Mutex::new(Account::email("signer@example.com")),
            codes: Mutex::default(),
            lies,
        }
    }

    pub(super) fn become_account(&self, account: Account) {
        *self.account.lock().expect("no thread panics with it") = account;
    }

    /// A token for an account, as the token endpoint gives it.
    pub(super) fn token(&self, account: &Account, audience: &str, nonce: Option<&str>) -> String {
        let now = super::now();
        let expired = self.lies.told(Lie::ExpiredToken);
        let audience = if self.lies.told(Lie::OtherAudience) {
            "elsewhere"
        } else {
            audience
        };
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(self.url));
        claims.insert("aud".to_owned(), json!(audience));
        claims.insert("iat".to_owned(), json!(if expired { now - 7200 } else { now }));
        claims.insert(
            "exp".to_owned(),
            json!(if expired { now - 3600 } else { now + 600 }),
        );
        if let Some(nonce) = nonce {
            let nonce = if self.lies.told(Lie::TokenOfAnotherLogin) {
                "another"
            } else {
                nonce
            };
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        claims.extend(account.claims.clone());
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "1"});
        let encoded = |value: &Value| base64_url(value.to_string().as_bytes());
        let signed = format!("{}.{}", encoded(&header), encoded(&Value::Object(claims)));
        let signature = base64_url(&self.key.sign_jose(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// As Fulcio checks a token: signature, issuer, audience, expiry.
    pub(super) fn check(&self, token: &str) -> Result<Map<String, Value>, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or("it is no token")?;
        let signature = unbase64_url(signature).ok_or("its signature is no base64")?;
        if !key::verifies_jose(&self.key.spki, signed.as_bytes(), &signature) {
            return Err("its signature is wrong");
        }
        let (_, claims) = signed.split_once('.').ok_or("it is no token")?;
        let claims = unbase64_url(claims).ok_or("its claims are no base64")?;
        let Ok(Value::Object(claims)) = serde_json::from_slice(&claims) else {
            return Err("its claims are no object");
        };
        if claims.get("iss") != Some(&json!(self.url)) {
            return Err("it is of another issuer");
        }
        if claims.get("aud") != Some(&json!(AUDIENCE)) {
            return Err("it is for another audience");
        }
        if claims
            .get("exp")
            .and_then(Value::as_i64)
            .is_none_or(|end| end <= super::now())
        {
            return Err("token is expired");
        }
        Ok(claims)
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/.well-known/openid-configuration") => self.discovery(),
            ("GET", "/keys") => self.keys(),
            ("GET", "/auth") => self.authorize(request),
            ("POST", "/token") => self.exchange(request),
            ("POST", "/device/code") => self.device(request),
            ("GET", "/device") => self.approve(request),
            ("GET", "/job") => self.job(request),
            ("GET", "/computeMetadata/v1/instance/service-accounts/default/identity") => {
                self.metadata(request)
            }
            _ => Response::refused(404, "Not Found"),
        }
    }

    fn discovery(&self) -> Response {
        let url = &self.url;
        let other = "https://issuer.example.org".to_owned();
        let issuer = if self.lies.told(Lie::OtherDiscovery) {
            &other
        } else {
            url
        };
        Response::json(
            200,
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{url}/auth"),
                "token_endpoint": format!("{url}/token"),
                "device_authorization_endpoint": format!("{url}/device/code"),
                "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid", "email"],
            }),
        )
    }

    fn keys(&self) -> Response {
        let (x, y) = self.key.coordinates();
        let key = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1",
            "x": base64_url(&x), "y": base64_url(&y),
        });
        Response::json(200, &json!({"keys": [key]}))
    }

    /// The page a browser is sent to. Everybody is signed in at once and sent back.
    fn authorize(&self, request: &Request) -> Response {
        let asked = |name| request.parameter(name);
        let (Some(redirect), Some(state), Some(challenge)) =
            (asked("redirect_uri"), asked("state"), asked("code_challenge"))
        else {
            return Response::refused(400, "redirect_uri, state and code_challenge are needed");
        };
        if asked("response_type").as_deref() != Some("code")
            || asked("code_challenge_method").as_deref() != Some("S256")
            || !asked("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid"))
        {
            return Response::refused(400, "only the code flow with S256 and openid is known here");
        }
        let code = random_text();
        let login = Login {
            redirect: redirect.clone(),
            challenge,
            nonce: asked("nonce"),
            approved: true,
            ..Login::default()
        };
        self.codes
            .lock()
            .expect("no thread panics with it")
            .insert(code.clone(), login);
        let state = if self.lies.told(Lie::OtherState) {
            "another"
        } else {
            &state
        };
        let joint = if redirect.contains('?') { '&' } else { '?' };
        Response::see(format!("{redirect}{joint}code={code}&state={}", encoded(state)))
    }

    fn exchange(&self, request: &Request) -> Response {
        let refused = |error: &str| Response::json(400, &json!({"error": error}));
        let asked = |name| request.parameter(name).unwrap_or_default();
        let device = asked("grant_type") == "urn:ietf:params:oauth:grant-type:device_code";
        let code = asked(if device { "device_code" } else { "code" });
        let mut codes = self.codes.lock().expect("no thread panics with it");
        let Some(login) = codes.get(&code).cloned() else {
            return refused("invalid_grant");
        };
        if !login.approved {
            return refused("authorization_pending");
        }
        codes.remove(&code);
        let challenge = base64_url(&digest(asked("code_verifier").as_bytes()));
        let proven = login.challenge == challenge || device && login.challenge.is_empty();
        if !proven || !device && login.redirect != asked("redirect_uri") {
            return refused("invalid_grant");
        }
        let account = self.account.lock().expect("no thread panics with it").clone();
        let token = self.token(&account, AUDIENCE, login.nonce.as_deref());
        // Dex, which the public instances run, gives the identity token under both names.
        Response::json(
            200,
            &json!({"access_token": token, "id_token": token, "token_type": "bearer", "expires_in": 600}),
        )
    }

    fn device(&self, request: &Request) -> Response {
        let code = random_text();
        let user_code = format!("{}-{}", &code[..4], &code[4..8]).to_ascii_uppercase();
        let login = Login {
            challenge: request.parameter("code_challenge").unwrap_or_default(),
            nonce: request.parameter("nonce"),
            user_code: user_code.clone(),
            ..Login::default()
        };
        self.codes
            .lock()
            .expect("no thread panics with it")
            .insert(code.clone(), login);
        Response::json(
            200,
            &json!({
                "device_code": code,
                "user_code": user_code,
                "verification_uri": format!("{}/device", self.url),
                "verification_uri_complete": format!("{}/device?user_code={user_code}", self.url),
                "expires_in": 60,
                "interval": 1,
            }),
        )
    }

    fn approve(&self, request: &Request) -> Response {
        let wanted = request.parameter("user_code").unwrap_or_default();
        let mut codes = self.codes.lock().expect("no thread panics with it");
        let login = codes
            .values_mut()
            .find(|login| login.user_code == wanted && !wanted.is_empty());
        match login {
            Some(login) => {
                login.approved = true;
                Response::bytes("text/plain", b"You are signed in".to_vec())
            }
            None => Response::refused(404, "there is no such code"),
        }
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_URL` of GitHub Actions.
    fn job(&self, request: &Request) -> Response {
        if request.header("authorization") != Some(format!("bearer {JOB_SECRET}").as_str())
            && request.header("authorization") != Some(format!("Bearer {JOB_SECRET}").as_str())
        {
            return Response::refused(403, "Forbidden");
        }
        let account = self.account.lock().expect("no thread panics with it").clone();
        let audience = request.parameter("audience").unwrap_or_default();
        Response::json(200, &json!({"value": self.token(&account, &audience, None)}))
    }

    /// Google's metadata server.
    fn metadata(&self, request: &Request) -> Response {
        if request.header("metadata-flavor") != Some("Google") {
            return Response::refused(403, "Missing Metadata-Flavor:Google header");
        }
        let account = self.account.lock().expect("no thread panics with it").clone();
        let audience = request.parameter("audience").unwrap_or_default();
        Response::bytes("text/html", self.token(&account, &audience, None).into_bytes())
    }
}

fn random_text() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
